package wire

import (
	"testing"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// TestPatternsHaveWords: nobody is answered with a regular expression.
func TestPatternsHaveWords(t *testing.T) {
	seen := map[string]bool{}
	check := func(at protoreflect.FullName, pattern string) {
		seen[pattern] = true
		if pattern != "" && patternWords[pattern] == "" {
			t.Errorf("%s: the pattern %s has no words", at, pattern)
		}
	}
	var messages func(list protoreflect.MessageDescriptors)
	messages = func(list protoreflect.MessageDescriptors) {
		for i := range list.Len() {
			fields := list.Get(i).Fields()
			for j := range fields.Len() {
				f := fields.Get(j)
				rules, err := protovalidate.ResolveFieldRules(f)
				if err != nil {
					t.Fatal(err)
				}
				check(f.FullName(), rules.GetString().GetPattern())
				check(f.FullName(), rules.GetRepeated().GetItems().GetString().GetPattern())
			}
			messages(list.Get(i).Messages())
		}
	}
	protoregistry.GlobalFiles.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		if f.Package().Parent().Parent() == "hexhail" {
			messages(f.Messages())
		}
		return true
	})
	for pattern := range patternWords {
		if !seen[pattern] {
			t.Errorf("no field has the pattern %s", pattern)
		}
	}
}
