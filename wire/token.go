package wire

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"google.golang.org/grpc/codes"

	"hexhail/dispatch"
)

// A token is a JWT (RFC 7519) signed with Ed25519 (RFC 8037): iss and aud "hexhail", sub the id,
// role and device our own claims, exp and iat required, nbf heeded.
const (
	tokenIssuer    = "hexhail"
	tokenAudience  = "hexhail"
	tokenAlgorithm = "EdDSA"

	// maxTokenBytes is four times the longest that Mint makes; longer ones are not even parsed.
	maxTokenBytes = 2 << 10
	// tokenLeeway allows for nodes whose clocks differ; they may by 250 ms.
	tokenLeeway = 5 * time.Second
	// tokensKept is how many verified tokens a Verifier knows again: twice the sessions of a
	// process, at about 300 bytes each.
	tokensKept = 200_000
)

type claims struct {
	jwt.RegisteredClaims
	Role   string `json:"role"`
	Device string `json:"device,omitempty"`
}

// Signer mints tokens. It is safe for concurrent use.
type Signer struct{ key ed25519.PrivateKey }

// NewSigner mints with a key of MakeKey or ParseKey.
func NewSigner(key ed25519.PrivateKey) *Signer { return &Signer{key: key} }

// Mint makes a token that holds from now, machine time, for ttl. Errors: Invalid for a caller
// without role or id, or with an id or a device of more than 64 bytes, and for ttl ≤ 0.
func (s *Signer) Mint(c Caller, now time.Time, ttl time.Duration) (string, error) {
	switch {
	case len(s.key) != ed25519.PrivateKeySize:
		return "", ErrKey
	case ttl <= 0:
		return "", BadField("ttl", "above 0")
	}
	if err := c.check(); err != nil {
		return "", err
	}
	return jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: tokenIssuer, Audience: jwt.ClaimStrings{tokenAudience}, Subject: c.ID,
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(ttl)),
		},
		Role: roleName(c.Role), Device: c.Device,
	}).SignedString(s.key)
}

func (c Caller) check() error {
	switch {
	case roleName(c.Role) == "":
		return BadField("role", "rider, driver, company or ops")
	case c.ID == "" || len(c.ID) > dispatch.MaxIDBytes:
		return BadField("id", "1 to 64 bytes")
	case len(c.Device) > dispatch.MaxIDBytes:
		return BadField("device", "at most 64 bytes")
	default:
		return nil
	}
}

// Verifier checks tokens. A signature costs 60 µs to check, so a Verifier knows tokens again that
// it has checked, by their SHA-256, until they expire or 200,000 others were seen since. It is safe
// for concurrent use.
type Verifier struct {
	keys []jwt.VerificationKey
	seen *recent[tokenHash, verified]
}

type tokenHash [sha256.Size]byte

// verified is what is remembered of a good token.
type verified struct {
	caller  Caller
	from    time.Time // zero: nbf is absent
	expires time.Time
}

// NewVerifier takes the keys whose tokens are good: the present one, and older ones while their
// tokens last.
func NewVerifier(keys ...ed25519.PublicKey) *Verifier {
	v := &Verifier{seen: newRecent[tokenHash, verified](tokensKept)}
	for _, key := range keys {
		v.keys = append(v.keys, key)
	}
	return v
}

// Verify tells who a token stands for at now, machine time. Errors are refusals with the code
// Unauthenticated: ReasonTokenMissing for "", ReasonTokenExpired, ReasonTokenEarly, and
// ReasonTokenInvalid for everything else: forged, unsigned, signed in another way, for somebody
// else, without a role, malformed. The texts do not tell a forger what was nearly right.
func (v *Verifier) Verify(token string, now time.Time) (Caller, error) {
	hash, known, err := v.recall(token)
	if err != nil {
		return Caller{}, err
	}
	if known == nil {
		return v.learn(hash, token, now)
	}
	switch {
	case !now.Before(known.expires.Add(tokenLeeway)):
		v.seen.drop(hash)
		return Caller{}, tokenExpired()
	case now.Before(known.from.Add(-tokenLeeway)):
		return Caller{}, tokenEarly()
	default:
		return known.caller, nil
	}
}

// recall finds a token that was good once; known is nil for one that would have to be checked.
func (v *Verifier) recall(token string) (hash tokenHash, known *verified, err error) {
	switch {
	case token == "":
		return hash, nil, Refuse(codes.Unauthenticated, ReasonTokenMissing,
			"authorization: Bearer <token> is missing")
	case len(token) > maxTokenBytes:
		return hash, nil, Refuse(codes.Unauthenticated, ReasonTokenInvalid,
			"token: at most %d bytes", maxTokenBytes)
	}
	hash = sha256.Sum256([]byte(token))
	if seen, ok := v.seen.get(hash); ok {
		known = &seen
	}
	return hash, known, nil
}

// learn checks a token and remembers it if it is good.
func (v *Verifier) learn(hash tokenHash, token string, now time.Time) (Caller, error) {
	read, err := v.parse(token, now)
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return Caller{}, tokenExpired()
	case errors.Is(err, jwt.ErrTokenNotValidYet), errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return Caller{}, tokenEarly()
	case err != nil:
		return Caller{}, tokenInvalid()
	}
	c := Caller{Role: ParseRole(read.Role), ID: read.Subject, Device: read.Device}
	if c.check() != nil || read.IssuedAt == nil {
		return Caller{}, tokenInvalid()
	}
	good := verified{caller: c, from: read.IssuedAt.Time, expires: read.ExpiresAt.Time}
	if read.NotBefore != nil && read.NotBefore.After(good.from) {
		good.from = read.NotBefore.Time
	}
	v.seen.put(hash, good)
	return c, nil
}

// parse takes the one algorithm that we sign with; the header of the token has no say in it.
func (v *Verifier) parse(token string, now time.Time) (claims, error) {
	var read claims
	_, err := jwt.NewParser(
		jwt.WithValidMethods([]string{tokenAlgorithm}), jwt.WithStrictDecoding(),
		jwt.WithIssuer(tokenIssuer), jwt.WithAudience(tokenAudience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(tokenLeeway),
		jwt.WithTimeFunc(func() time.Time { return now }),
	).ParseWithClaims(token, &read, func(*jwt.Token) (any, error) {
		return jwt.VerificationKeySet{Keys: v.keys}, nil
	})
	return read, err
}

func tokenExpired() error {
	return Refuse(codes.Unauthenticated, ReasonTokenExpired, "token has expired")
}

func tokenEarly() error {
	return Refuse(codes.Unauthenticated, ReasonTokenEarly, "token is not valid yet")
}

func tokenInvalid() error {
	return Refuse(codes.Unauthenticated, ReasonTokenInvalid, "token is not one of ours")
}
