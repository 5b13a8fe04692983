package wire

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"google.golang.org/grpc/codes"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/type/v1"
)

func newKey(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	key, err := MakeKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func mint(t testing.TB, key ed25519.PrivateKey, c Caller, at time.Time, ttl time.Duration) string {
	t.Helper()
	token, err := NewSigner(key).Mint(c, at, ttl)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// goodClaims are what Mint writes, for tests to break.
func goodClaims() jwt.MapClaims {
	return jwt.MapClaims{
		"iss": "hexhail", "aud": "hexhail", "sub": "R1", "role": "rider",
		"iat": noon.Unix(), "exp": noon.Add(time.Hour).Unix(),
	}
}

func TestATokenNamesItsCaller(t *testing.T) {
	key := newKey(t)
	v := NewVerifier(publicOf(newKey(t)), publicOf(key)) // the second key is the token's
	for role := range typepb.Role_name {
		c := Caller{Role: typepb.Role(role), ID: "X1", Device: "phone-7"}
		if c.Role == typepb.Role_ROLE_UNSPECIFIED {
			continue
		}
		token := mint(t, key, c, noon, time.Hour)
		for _, how := range []string{"checked", "known"} {
			if got, err := v.Verify(token, noon); err != nil || got != c {
				t.Errorf("%s: got %+v, %v, want %+v", how, got, err, c)
			}
		}
		if want := roleName(c.Role) + ":X1"; c.Identity() != want {
			t.Errorf("identity %q, want %q", c.Identity(), want)
		}
	}
	if got := (Caller{}).Identity(); got != "" {
		t.Errorf("nobody is %q", got)
	}
}

func TestBadTokensAreRefused(t *testing.T) {
	key, other := newKey(t), newKey(t)
	good := mint(t, key, rider("R1"), noon, time.Hour)
	parts := strings.Split(good, ".")
	sign := func(method jwt.SigningMethod, by any, change func(jwt.MapClaims)) string {
		c := goodClaims()
		change(c)
		token, err := jwt.NewWithClaims(method, c).SignedString(by)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	with := func(name string, value any) string {
		return sign(jwt.SigningMethodEdDSA, key, func(c jwt.MapClaims) {
			if c[name] = value; value == nil {
				delete(c, name)
			}
		})
	}
	keep := func(jwt.MapClaims) {}
	const none = jwt.UnsafeAllowNoneSignatureType
	public := []byte(publicOf(key))
	promoted := base64.RawURLEncoding.EncodeToString([]byte(
		`{"iss":"hexhail","aud":"hexhail","sub":"R1","role":"ops","iat":1,"exp":99999999999}`))
	for name, c := range map[string]struct {
		token  string
		reason dispatch.Reason
	}{
		"none":                 {"", ReasonTokenMissing},
		"garbage":              {"garbage", ReasonTokenInvalid},
		"too long":             {strings.Repeat("a", maxTokenBytes+1), ReasonTokenInvalid},
		"another key's":        {mint(t, other, rider("R1"), noon, time.Hour), ReasonTokenInvalid},
		"other claims":         {parts[0] + "." + promoted + "." + parts[2], ReasonTokenInvalid},
		"no signature":         {parts[0] + "." + parts[1] + ".", ReasonTokenInvalid},
		"alg none":             {sign(jwt.SigningMethodNone, none, keep), ReasonTokenInvalid},
		"HS256 by public key":  {sign(jwt.SigningMethodHS256, public, keep), ReasonTokenInvalid},
		"HS512 by public key":  {sign(jwt.SigningMethodHS512, public, keep), ReasonTokenInvalid},
		"another issuer":       {with("iss", "somebody"), ReasonTokenInvalid},
		"no issuer":            {with("iss", nil), ReasonTokenInvalid},
		"another audience":     {with("aud", "somewhere"), ReasonTokenInvalid},
		"no audience":          {with("aud", nil), ReasonTokenInvalid},
		"no exp":               {with("exp", nil), ReasonTokenInvalid},
		"no iat":               {with("iat", nil), ReasonTokenInvalid},
		"exp a text":           {with("exp", "tomorrow"), ReasonTokenInvalid},
		"unknown role":         {with("role", "god"), ReasonTokenInvalid},
		"no role":              {with("role", nil), ReasonTokenInvalid},
		"no id":                {with("sub", ""), ReasonTokenInvalid},
		"long id":              {with("sub", strings.Repeat("R", 65)), ReasonTokenInvalid},
		"long device":          {with("device", strings.Repeat("p", 65)), ReasonTokenInvalid},
		"expired":              {with("exp", noon.Add(-6*time.Second).Unix()), ReasonTokenExpired},
		"not valid yet by nbf": {with("nbf", noon.Add(time.Minute).Unix()), ReasonTokenEarly},
		"not valid yet by iat": {with("iat", noon.Add(time.Minute).Unix()), ReasonTokenEarly},
	} {
		v := NewVerifier(publicOf(key))
		_, err := v.Verify(c.token, noon)
		var refusal *Refusal
		if !errors.As(err, &refusal) || refusal.Code != codes.Unauthenticated ||
			refusal.Reason != c.reason {
			t.Errorf("%s: got %v, want %s", name, err, c.reason)
		}
		if len(v.seen.byKey) != 0 {
			t.Errorf("%s: is remembered as good", name)
		}
	}
	if _, err := NewVerifier().Verify(good, noon); err == nil {
		t.Error("a verifier without keys takes a token")
	}
}

func TestAKnownTokenStillExpires(t *testing.T) {
	key := newKey(t)
	v := NewVerifier(publicOf(key))
	token := mint(t, key, rider("R1"), noon, time.Minute)
	for _, c := range []struct {
		after  time.Duration
		reason dispatch.Reason
	}{
		{0, ""},
		{time.Minute + 4*time.Second, ""},
		{time.Minute + 5*time.Second, ReasonTokenExpired},
		{time.Hour, ReasonTokenExpired}, // forgotten, and checked anew
		{-4 * time.Second, ""},
		{-6 * time.Second, ReasonTokenEarly},
	} {
		if _, err := v.Verify(token, noon.Add(c.after)); ReasonOf(err) != c.reason {
			t.Errorf("after %v: got %v, want %q", c.after, err, c.reason)
		}
	}
}

func TestMintRefusesWhoIsNobody(t *testing.T) {
	s := NewSigner(newKey(t))
	for _, c := range []Caller{
		{},
		{ID: "R1"},
		{Role: typepb.Role_ROLE_RIDER},
		{Role: typepb.Role_ROLE_RIDER, ID: strings.Repeat("R", 65)},
		{Role: typepb.Role_ROLE_RIDER, ID: "R1", Device: strings.Repeat("p", 65)},
		{Role: 99, ID: "R1"},
	} {
		if _, err := s.Mint(c, noon, time.Hour); dispatch.KindOf(err) != dispatch.Invalid {
			t.Errorf("%+v: got %v", c, err)
		}
	}
	if _, err := s.Mint(rider("R1"), noon, 0); dispatch.KindOf(err) != dispatch.Invalid {
		t.Errorf("ttl 0: got %v", err)
	}
	if _, err := NewSigner(nil).Mint(rider("R1"), noon, time.Hour); !errors.Is(err, ErrKey) {
		t.Errorf("no key: got %v", err)
	}
}

func TestKeysSurviveTheirFiles(t *testing.T) {
	key := newKey(t)
	private, err := MarshalKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public, err := MarshalPublicKey(publicOf(key))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ParseKey(private); err != nil || !got.Equal(key) {
		t.Errorf("got another key, %v", err)
	}
	if got, err := ParsePublicKey(public); err != nil || !got.Equal(key.Public()) {
		t.Errorf("got another public key, %v", err)
	}
	// A node that only checks must not be given a file that signs, nor the other way round.
	for name, text := range map[string][]byte{
		"empty": nil, "garbage": []byte("x"), "public": public,
	} {
		if _, err := ParseKey(text); !errors.Is(err, ErrKey) {
			t.Errorf("%s as a key: %v", name, err)
		}
	}
	if _, err := ParsePublicKey(private); !errors.Is(err, ErrKey) {
		t.Errorf("private as public: %v", err)
	}
	if _, err := MarshalKey(nil); !errors.Is(err, ErrKey) {
		t.Errorf("no key: %v", err)
	}
}

func TestRecentForgetsTheOldest(t *testing.T) {
	r := newRecent[int, string](3)
	for i := range 3 {
		r.put(i, fmt.Sprint(i))
	}
	if v, ok := r.get(0); !ok || v != "0" { // 1 is the oldest now
		t.Fatalf("got %q, %v", v, ok)
	}
	if v := r.getOrMake(3, func() string { return "3" }); v != "3" {
		t.Fatalf("got %q", v)
	}
	if _, ok := r.get(1); ok || len(r.byKey) != 3 || r.order.Len() != 3 {
		t.Errorf("1 is still there: %v of %d", ok, len(r.byKey))
	}
	r.put(0, "new")
	r.drop(2)
	if v, _ := r.get(0); v != "new" || len(r.byKey) != 2 || r.order.Len() != 2 {
		t.Errorf("got %q of %d", v, len(r.byKey))
	}
}

// FuzzVerify: no text but what was minted is a token.
func FuzzVerify(f *testing.F) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	minted := map[string]Caller{}
	for _, c := range []Caller{rider("R1"), driver("D1")} {
		token := mint(f, key, c, noon, time.Hour)
		minted[token] = c
		f.Add(token)
		f.Add(token[:len(token)-1])
		f.Add(strings.Replace(token, ".", "..", 1))
	}
	f.Add("")
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Fuzz(func(t *testing.T, token string) {
		v := NewVerifier(publicOf(key))
		got, err := v.Verify(token, noon)
		want, ok := minted[token]
		if (err == nil) != ok || got != want {
			t.Fatalf("%q: got %+v, %v", token, got, err)
		}
		if again, err2 := v.Verify(token, noon); again != got || (err2 == nil) != (err == nil) {
			t.Fatalf("%q: a second time %+v, %v", token, again, err2)
		}
		if err != nil && Status(err).Code() != codes.Unauthenticated {
			t.Fatalf("%q: %v", token, err)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	key := newKey(b)
	token := mint(b, key, rider("R1"), noon, time.Hour)
	v := NewVerifier(publicOf(key))
	b.Run("known", func(b *testing.B) {
		for b.Loop() {
			if _, err := v.Verify(token, noon); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("new", func(b *testing.B) {
		for b.Loop() {
			v.seen.drop(sha256.Sum256([]byte(token)))
			if _, err := v.Verify(token, noon); err != nil {
				b.Fatal(err)
			}
		}
	})
}
