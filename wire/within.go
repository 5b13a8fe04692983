package wire

import (
	"errors"
	"fmt"
	"slices"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"

	"hexhail/dispatch"
)

// Within says of an error about a message that the message is the i-th of a list, counted from 0:
// "rows[7].id" becomes "messages[2].rows[7].id". Each broken rule of the schema stays one of its
// own. An error that names no field only gets the place before its text.
func Within(list string, i int, err error) error {
	var invalid *protovalidate.ValidationError
	if errors.As(err, &invalid) {
		return withinSchema(list, i, invalid)
	}
	at := fmt.Sprintf("%s[%d]", list, i)
	var own *dispatch.Error
	if !errors.As(err, &own) {
		return fmt.Errorf("%s: %w", at, err)
	}
	moved := *own
	if own.Field == "" {
		moved.Text = at + ": " + own.Text
		return &moved
	}
	moved.Field, moved.Text = at+"."+own.Field, at+"."+own.Text
	return &moved
}

func withinSchema(list string, i int, e *protovalidate.ValidationError) error {
	moved := &protovalidate.ValidationError{}
	for _, v := range e.Violations {
		broken := *v
		broken.Proto = proto.CloneOf(v.Proto)
		path := broken.Proto.GetField()
		if path == nil {
			path = &validate.FieldPath{}
		}
		path.Elements = slices.Insert(path.Elements, 0, &validate.FieldPathElement{
			//nolint:gosec // G115: a place in a list
			FieldName: &list, Subscript: &validate.FieldPathElement_Index{Index: uint64(i)},
		})
		moved.Violations = append(moved.Violations, &broken)
	}
	return moved
}
