package wire

import "regexp"

// private is what may stand in the text of a bug and has no business in a log: tokens, decimals
// that may be coordinates, and numbers as long as a phone's.
var private = regexp.MustCompile(`[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}|\d+\.\d{3,}|\d{7,}`)

// scrub takes out of a text what is private.
func scrub(text string) string { return private.ReplaceAllString(text, "#") }
