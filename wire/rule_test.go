package wire

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/emptypb"

	"hexhail/pb/hexhail/driver/v1"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/pb/hexhail/type/v1"
)

// ruled adds a service test.<name>.S to the schema with one method M under a rule; nil is none.
func ruled(t *testing.T, name string, rule *typepb.Rule) protoreflect.FullName {
	t.Helper()
	full := protoreflect.FullName("test." + name + ".S")
	if _, err := protoregistry.GlobalFiles.FindDescriptorByName(full); err == nil {
		return full // the test runs again in the same process
	}
	options := &descriptorpb.MethodOptions{}
	if rule != nil {
		proto.SetExtension(options, typepb.E_Rule, rule)
	}
	const empty = ".google.protobuf.Empty"
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: proto.String("test/" + name + ".proto"), Syntax: proto.String("proto3"),
		Package:    proto.String("test." + name),
		Dependency: []string{emptypb.File_google_protobuf_empty_proto.Path()},
		Service: []*descriptorpb.ServiceDescriptorProto{{
			Name: proto.String("S"),
			Method: []*descriptorpb.MethodDescriptorProto{{
				Name: proto.String("M"), Options: options,
				InputType: proto.String(empty), OutputType: proto.String(empty),
			}},
		}},
	}, protoregistry.GlobalFiles)
	if err != nil {
		t.Fatal(err)
	}
	if err := protoregistry.GlobalFiles.RegisterFile(file); err != nil {
		t.Fatal(err)
	}
	return full
}

func TestEveryMethodOfTheHouseHasAFullRule(t *testing.T) {
	rules, err := Rules("hexhail.rider.v1.RiderService", "hexhail.driver.v1.DriverService",
		"hexhail.ops.v1.OpsService")
	if err != nil {
		t.Fatal(err)
	}
	methods := 0
	for _, desc := range []grpc.ServiceDesc{
		riderpb.RiderService_ServiceDesc, driverpb.DriverService_ServiceDesc,
		opspb.OpsService_ServiceDesc,
	} {
		methods += len(desc.Methods) + len(desc.Streams)
	}
	if len(rules) != methods {
		t.Errorf("%d rules for %d methods", len(rules), methods)
	}
	get := rules["/hexhail.rider.v1.RiderService/GetRide"]
	if !allows(get, typepb.Role_ROLE_RIDER) || allows(get, typepb.Role_ROLE_DRIVER) ||
		allows(get, typepb.Role_ROLE_UNSPECIFIED) || get.GetScope() != typepb.Scope_SCOPE_OWN {
		t.Errorf("GetRide: %v", get)
	}
}

func TestRulesThatAreNotFull(t *testing.T) {
	const own = typepb.Scope_SCOPE_OWN
	of := func(scope typepb.Scope, writes bool, roles ...typepb.Role) *typepb.Rule {
		return &typepb.Rule{Roles: roles, Scope: scope, Writes: writes}
	}
	for name, c := range map[string]struct {
		rule *typepb.Rule
		why  string
	}{
		"norule":    {nil, "has no rule"},
		"norole":    {of(own, false), "has no role"},
		"noscope":   {of(0, false, typepb.Role_ROLE_RIDER), "has no scope"},
		"oddscope":  {of(77, false, typepb.Role_ROLE_RIDER), "has no scope"},
		"zerorole":  {of(own, false, 0), "has the role"},
		"oddrole":   {of(own, false, typepb.Role_ROLE_RIDER, 77), "has the role"},
		"norequest": {of(own, true, typepb.Role_ROLE_RIDER), "request_id"},
		"full":      {of(own, false, typepb.Role_ROLE_RIDER), ""},
	} {
		service := ruled(t, name, c.rule)
		_, err := Rules(service)
		if c.why == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.why) ||
			!strings.Contains(err.Error(), string(service)+".M") {
			t.Errorf("%s: got %v", name, err)
		}
		desc := grpc.ServiceDesc{
			ServiceName: string(service), HandlerType: (*any)(nil),
			Methods: []grpc.MethodDesc{{MethodName: "M"}},
		}
		if _, err := NewServer(config(t), func(r grpc.ServiceRegistrar) {
			r.RegisterService(&desc, nil)
		}); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: a server started: %v", name, err)
		}
	}
	for _, name := range []protoreflect.FullName{"hexhail.none.v1.S", "hexhail.type.v1.Ride"} {
		if _, err := Rules(name); err == nil {
			t.Errorf("%s is a service", name)
		}
	}
}

func config(t *testing.T) ServerConfig {
	return ServerConfig{Verifier: NewVerifier(publicOf(newKey(t)))}
}

func TestServersThatDoNotStart(t *testing.T) {
	good := func(r grpc.ServiceRegistrar) { riderpb.RegisterRiderServiceServer(r, &riders{}) }
	if _, err := NewServer(ServerConfig{}, good); err == nil {
		t.Error("without a verifier")
	}
	twice := func(r grpc.ServiceRegistrar) { good(r); good(r) }
	if _, err := NewServer(config(t), twice); err == nil {
		t.Error("with a service twice")
	}
	// A method that the schema of its service does not know has no rule, whatever code is there.
	desc := riderpb.RiderService_ServiceDesc
	desc.Methods = slices.Concat(desc.Methods, []grpc.MethodDesc{{MethodName: "BackDoor"}})
	if _, err := NewServer(config(t), func(r grpc.ServiceRegistrar) {
		r.RegisterService(&desc, &riders{})
	}); err == nil || !strings.Contains(err.Error(), "BackDoor") {
		t.Errorf("with a method that nobody knows: %v", err)
	}
	if _, err := NewServer(config(t), good); err != nil {
		t.Errorf("the good one: %v", err)
	}
}
