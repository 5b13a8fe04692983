package ops

import "sync"

// vocabulary keeps a label bounded whose words are not known beforehand: the first so many are
// taken as they are, what comes later, and what is no word, is "other". The zero value is ready.
type vocabulary struct {
	mu    sync.RWMutex
	known map[string]bool
}

// Limits of a vocabulary.
const (
	maxWords     = 128 // the errors' table has some 60 reasons
	maxWordBytes = 63  // as of an error's reason
)

// word is s, or "other".
func (v *vocabulary) word(s string) string {
	v.mu.RLock()
	known := v.known[s]
	v.mu.RUnlock()
	if known {
		return s
	}
	if !isWord(s) {
		return other
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.known == nil {
		v.known = make(map[string]bool)
	}
	if !v.known[s] {
		if len(v.known) >= maxWords {
			return other
		}
		v.known[s] = true
	}
	return s
}

// isWord is true for letters and underscores: no id has none but these, as a ULID has digits.
func isWord(s string) bool {
	if s == "" || len(s) > maxWordBytes {
		return false
	}
	for _, r := range s {
		if r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return false
		}
	}
	return true
}
