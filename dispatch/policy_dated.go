package dispatch

import (
	"encoding/json"
	"fmt"
	"time"
)

// MaxPolicies is how many versions of its policy a city may have.
const MaxPolicies = 200

// DatedPolicy is a version of a city's policy. It holds until the next one's From.
type DatedPolicy struct {
	From   time.Time // zero for one that has always held
	Policy Policy
}

// Policies are the versions of a city's policy in order of time, at least one. They are not
// changed once they are made: cities share them.
type Policies []DatedPolicy

// Always are policies with one version.
func Always(p Policy) Policies { return Policies{{Policy: p}} }

// At is the policy that holds at a time. Before the first version the first one holds: rules that
// nobody has dated earlier are the best guess.
func (p Policies) At(now time.Time) Policy {
	i := len(p) - 1
	for i > 0 && now.Before(p[i].From) {
		i--
	}
	return p[i].Policy
}

// with are the versions with one change made to each.
func (p Policies) with(change func(Policy) Policy) Policies {
	changed := make(Policies, len(p))
	for i, d := range p {
		changed[i] = DatedPolicy{From: d.From, Policy: change(d.Policy.clone())}
	}
	return changed
}

// Check returns an *Error that names the version and the first key out of its limits.
func (p Policies) Check() error {
	if len(p) < 1 || len(p) > MaxPolicies {
		return invalid("policies", fmt.Sprintf("1 to %d versions, not %d", MaxPolicies, len(p)))
	}
	for i, d := range p {
		if i > 0 && !d.From.After(p[i-1].From) {
			return invalid(fmt.Sprintf("policies[%d].from", i), "after the one before")
		}
		if err := d.Policy.Check(); err != nil {
			return policyError(i, err)
		}
	}
	return nil
}

func policyError(i int, cause error) error {
	return &Error{
		Kind: Invalid, Reason: ReasonField, Text: fmt.Sprintf("policies[%d]", i), Cause: cause,
	}
}

// How a version says from when it holds, on the city's clock.
var fromLayouts = []string{time.DateOnly, "2006-01-02T15:04", "2006-01-02T15:04:05"}

// ParsePolicies reads the list of versions of a city file. Each has "from", a date or a date and
// time on the clock of zone, which only the first may leave out, and the keys that change against
// the version before it; the first changes DefaultPolicy. An unknown key, or a value out of its
// limits, is an *Error that names version and key.
func ParsePolicies(data []byte, zone *time.Location) (Policies, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, invalid("policies", "a list of versions")
	}
	if len(list) > MaxPolicies {
		return nil, invalid("policies", fmt.Sprintf("at most %d versions", MaxPolicies))
	}
	var policies Policies
	was := DefaultPolicy()
	for i, text := range list {
		v := policyVersion{Policy: was.clone()}
		if err := decodeStrict(text, &v); err != nil {
			return nil, policyError(i, err)
		}
		from, err := v.from(zone)
		if err != nil || from.IsZero() && i > 0 {
			return nil, invalid(fmt.Sprintf("policies[%d].from", i),
				"a date or a time as 2014-03-01T07:30, not "+v.From)
		}
		was = v.Policy
		policies = append(policies, DatedPolicy{From: from, Policy: was})
	}
	return policies, policies.Check()
}

// Format writes the versions as ParsePolicies reads them, each with all its keys.
func (p Policies) Format(zone *time.Location) ([]byte, error) {
	list := make([]policyVersion, len(p))
	for i, d := range p {
		list[i].Policy = d.Policy
		if !d.From.IsZero() {
			list[i].From = d.From.In(zone).Format(fromLayouts[len(fromLayouts)-1])
		}
	}
	return json.Marshal(list)
}

// policyVersion is a version as written in a city file.
type policyVersion struct {
	From string `json:"from,omitempty"`
	Policy
}

func (v policyVersion) from(zone *time.Location) (at time.Time, err error) {
	if v.From == "" {
		return at, nil
	}
	for _, layout := range fromLayouts {
		if at, err = time.ParseInLocation(layout, v.From, zone); err == nil {
			return at, nil
		}
	}
	return at, err
}

// PolicyAt is the policy that holds in the city at a time.
func (c City) PolicyAt(now time.Time) Policy { return c.Policies.At(now) }

// WithPolicy is the city with one change made to every version of its policy.
func (c City) WithPolicy(change func(Policy) Policy) City {
	c.Policies = c.Policies.with(change)
	return c
}
