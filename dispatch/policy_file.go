package dispatch

// ParsePolicy reads a policy file: an object with the keys of a policy that change against base, in
// the form that they have in a city's file. An unknown key, or a value out of its limits, is an
// *Error that names the file and the key.
func ParsePolicy(file string, data []byte, base Policy) (Policy, error) {
	changed := base.clone()
	if err := decodeStrict(data, &changed); err != nil {
		return Policy{}, policyFileError(file, err)
	}
	if err := changed.Check(); err != nil {
		return Policy{}, policyFileError(file, err)
	}
	return changed, nil
}

func policyFileError(file string, cause error) error {
	return &Error{Kind: Invalid, Reason: ReasonField, Text: "policy file " + file, Cause: cause}
}
