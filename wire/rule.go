package wire

import (
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"hexhail/pb/hexhail/type/v1"
)

// Rules reads who may call which method of the services: by the full name of the method as gRPC
// has it, "/hexhail.rider.v1.RiderService/GetRide". An error names the first method whose rule is
// absent or not complete: without a role, without a scope, or a write whose request has no
// request_id.
func Rules(names ...protoreflect.FullName) (map[string]*typepb.Rule, error) {
	rules := make(map[string]*typepb.Rule)
	for _, name := range names {
		found, err := protoregistry.GlobalFiles.FindDescriptorByName(name)
		if err != nil {
			return nil, fmt.Errorf("rules: service %s: %w", name, err)
		}
		service, ok := found.(protoreflect.ServiceDescriptor)
		if !ok {
			return nil, fmt.Errorf("rules: %s is no service", name)
		}
		for i := range service.Methods().Len() {
			method := service.Methods().Get(i)
			rule, err := ruleOf(method)
			if err != nil {
				return nil, fmt.Errorf("rules: %s: %w", method.FullName(), err)
			}
			rules[fmt.Sprintf("/%s/%s", name, method.Name())] = rule
		}
	}
	return rules, nil
}

func ruleOf(method protoreflect.MethodDescriptor) (*typepb.Rule, error) {
	rule, ok := proto.GetExtension(method.Options(), typepb.E_Rule).(*typepb.Rule)
	switch {
	case !ok || rule == nil:
		return nil, fmt.Errorf("has no rule")
	case len(rule.GetRoles()) == 0:
		return nil, fmt.Errorf("its rule has no role")
	case typepb.Scope_name[int32(rule.GetScope())] == "" ||
		rule.GetScope() == typepb.Scope_SCOPE_UNSPECIFIED:
		return nil, fmt.Errorf("its rule has no scope")
	case rule.GetWrites() && !hasRequestID(method.Input()):
		return nil, fmt.Errorf("it writes, and its request has no request_id")
	}
	for _, role := range rule.GetRoles() {
		if roleName(role) == "" {
			return nil, fmt.Errorf("its rule has the role %v", role)
		}
	}
	return rule, nil
}

// hasRequestID looks for the id in the request, or in a message that the request only wraps.
func hasRequestID(m protoreflect.MessageDescriptor) bool {
	if f := m.Fields().ByName("request_id"); f != nil {
		return f.Kind() == protoreflect.StringKind
	}
	if m.Fields().Len() != 1 || m.Fields().Get(0).Message() == nil {
		return false
	}
	f := m.Fields().Get(0).Message().Fields().ByName("request_id")
	return f != nil && f.Kind() == protoreflect.StringKind
}

// allows reports whether a role may make a call.
func allows(rule *typepb.Rule, role typepb.Role) bool {
	for _, r := range rule.GetRoles() {
		if r == role {
			return true
		}
	}
	return false
}
