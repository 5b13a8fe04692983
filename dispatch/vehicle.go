package dispatch

import (
	"fmt"
	"slices"
	"strings"
)

// Class is what kind of taxi it is, in a word as "standard" or "large"; "" is ClassStandard of a
// taxi, and any of a ride.
type Class string

// ClassStandard is the class of a taxi that says nothing else.
const ClassStandard Class = "standard"

// Tags are what a taxi has, or a ride needs, besides its class: words in order, with commas between
// them, so that two are the same if they are equal.
type Tags string

// Limits of classes and tags.
const (
	MaxWordBytes = 32 // of a class or tag: a–z, 0–9 and _
	MaxTags      = 8
	MaxClasses   = 20 // that a policy knows
)

// TagsOf puts words together, in order and each once. Vehicle.Check says whether they are words,
// and not too many.
func TagsOf(words []string) Tags {
	words = slices.Clone(words)
	slices.Sort(words)
	return Tags(strings.Join(slices.Compact(words), ","))
}

var wordLimit = fmt.Sprintf("1 to %d of a–z, 0–9 and _", MaxWordBytes)

// isWord reports whether a text is a class or tag.
func isWord(s string) bool {
	return s != "" && len(s) <= MaxWordBytes &&
		strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// Words are the tags one by one.
func (t Tags) Words() []string {
	if t == "" {
		return nil
	}
	return strings.Split(string(t), ",")
}

// Have reports whether all of other are among the tags. It does not allocate.
func (t Tags) Have(other Tags) bool {
	for other != "" {
		var word Tags
		word, other = other.cut()
		if !t.has(word) {
			return false
		}
	}
	return true
}

func (t Tags) has(word Tags) bool {
	for t != "" {
		var first Tags
		if first, t = t.cut(); first == word {
			return true
		}
	}
	return false
}

func (t Tags) cut() (first, rest Tags) {
	before, after, _ := strings.Cut(string(t), ",")
	return Tags(before), Tags(after)
}

// Vehicle is what a taxi is like, or what a ride wants of one.
type Vehicle struct {
	Class Class
	Tags  Tags
}

// Serves reports whether a taxi like this is what a ride wants.
func (v Vehicle) Serves(wanted Vehicle) bool {
	class := v.Class
	if class == "" {
		class = ClassStandard
	}
	return (wanted.Class == "" || wanted.Class == class) && v.Tags.Have(wanted.Tags)
}

// Check returns an *Error that names the field if the vehicle is out of its limits.
func (v Vehicle) Check() error {
	if v.Class != "" && !isWord(string(v.Class)) {
		return invalid("class", wordLimit)
	}
	words := v.Tags.Words()
	switch {
	case len(words) > MaxTags:
		return invalid("tags", fmt.Sprintf("at most %d", MaxTags))
	case slices.ContainsFunc(words, func(w string) bool { return !isWord(w) }):
		return invalid("tags", wordLimit)
	default:
		return nil
	}
}

// checkVehicle refuses a wish that no taxi of the city can fulfil.
func (r Rules) checkVehicle(wanted Vehicle) error {
	if wanted.Class != "" && !slices.Contains(r.Classes, wanted.Class) {
		return invalid("class", fmt.Sprintf("one of %v", r.Classes))
	}
	for _, tag := range wanted.Tags.Words() {
		if !slices.Contains(r.Tags, tag) {
			return invalid("tags", fmt.Sprintf("of %v", r.Tags))
		}
	}
	return nil
}

func (r Rules) checkWords() error {
	switch {
	case len(r.Classes) > MaxClasses:
		return invalid("policy.classes", fmt.Sprintf("at most %d", MaxClasses))
	case len(r.Tags) > MaxClasses:
		return invalid("policy.tags", fmt.Sprintf("at most %d", MaxClasses))
	}
	for _, c := range r.Classes {
		if !isWord(string(c)) {
			return invalid("policy.classes", wordLimit)
		}
	}
	for _, tag := range r.Tags {
		if !isWord(tag) {
			return invalid("policy.tags", wordLimit)
		}
	}
	return nil
}
