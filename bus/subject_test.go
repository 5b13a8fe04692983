package bus

import (
	"strings"
	"testing"

	"hexhail/dispatch"
)

// untoken is token's inverse for ids that it does not hash, which shows that no two of them have
// the same token.
func untoken(t *testing.T, tok string) string {
	t.Helper()
	if tok == "=" {
		return ""
	}
	var id strings.Builder
	for i := 0; i < len(tok); i++ {
		if tok[i] != '=' {
			id.WriteByte(tok[i])
			continue
		}
		if i+2 >= len(tok) {
			t.Fatalf("%q ends within a byte", tok)
		}
		high, low := strings.IndexByte(upperHex, tok[i+1]), strings.IndexByte(upperHex, tok[i+2])
		if high < 0 || low < 0 {
			t.Fatalf("%q has a bad byte", tok)
		}
		id.WriteByte(byte(high<<4 | low))
		i += 2
	}
	return id.String()
}

func TestToken(t *testing.T) {
	long := strings.Repeat("x", longID)
	for id, want := range map[string]string{
		"beijing": "beijing", "D-7_a": "D-7_a", "01HZY3M5K8Q2X9": "01HZY3M5K8Q2X9", "": "=",
		"a.b": "a=2Eb", "*": "=2A", ">": "=3E", "a b": "a=20b", "=": "=3D", "$SYS": "=24SYS",
		"东": "=E4=B8=9C", "\r\n": "=0D=0A", "\xff\x00": "=FF=00", long: long,
	} {
		if got := token(id); got != want {
			t.Errorf("token(%q) = %q, want %q", id, got, want)
		}
	}
	if got := token(long + "x"); len(got) != 66 || got[:2] != "=h" || got == token(long+"y") {
		t.Errorf("the token of a long id is %q", got)
	}
	if n := testing.AllocsPerRun(100, func() { _ = token("01HZY3M5K8Q2X9") }); n != 0 {
		t.Errorf("a common id costs %v allocations", n)
	}
}

// FuzzToken: the token of any id of 1–64 bytes is legal, can be read back, and so is distinct.
func FuzzToken(f *testing.F) {
	for _, id := range []string{"", "beijing", "a.b", "> *", "=41", "A", "\xff", "东门", "=h00"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		got := token(id)
		for i := range len(got) {
			if c := got[i]; c <= ' ' || c >= 0x7F || strings.IndexByte(".*>$", c) >= 0 {
				t.Fatalf("token(%q) = %q is no token", id, got)
			}
		}
		if len(id) > longID {
			if !strings.HasPrefix(got, "=h") || len(got) != 66 {
				t.Fatalf("token(%q) = %q", id, got)
			}
		} else if back := untoken(t, got); got == "" || back != id {
			t.Fatalf("token(%q) = %q is read as %q", id, got, back)
		}
		subject := pushSubject(dispatch.CityID(id), dispatch.DriverID(id))
		if strings.Count(subject, ".") != 2 || lastToken(subject) != got {
			t.Fatalf("the subject %q", subject)
		}
	})
}
