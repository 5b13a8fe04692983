package wire

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"hexhail/dispatch"
)

// ServerConfig is what a server needs. Verifier is required.
type ServerConfig struct {
	Verifier *Verifier
	// Now is machine time; nil is time.Now.
	Now func() time.Time
	// Log gets a line for every call: method, code, caller, request id and time, never a position,
	// a phone number or a token. Calls that went well are on level Debug. nil is no log.
	Log *slog.Logger
	// Listener hears of calls and refusals; nil is nobody.
	Listener Listener
	// Limits that are 0 are the usual ones.
	Limits Limits
	// Reflection lets anybody read the schema.
	Reflection bool
	// Options are added to the server's own, such as credentials.
	Options []grpc.ServerOption
}

// Listener hears what happened, for metrics. It must not block.
type Listener interface {
	// Called is a call that has ended; the method is "unknown" if there is no such method.
	Called(method string, code codes.Code, took time.Duration)
	// Refused is why a call has ended with an error, by the public reason.
	Refused(reason dispatch.Reason)
}

// nobody listens.
type nobody struct{}

// Called does nothing.
func (nobody) Called(string, codes.Code, time.Duration) {}

// Refused does nothing.
func (nobody) Refused(dispatch.Reason) {}

// Server is a gRPC server behind the gate, and the health of its services, which begins as SERVING.
type Server struct {
	*grpc.Server
	Health *health.Server
}

// Transport of phones: they sleep, change networks and pay for what they send.
const (
	// minPing is how often a client may ping. gRPC's default of 5 min disconnects phones, whose
	// networks forget a silent connection after 30 s.
	minPing = 10 * time.Second
	// pingAfter of silence the server asks whether anybody is there, and waits pingTimeout.
	pingAfter   = 30 * time.Second
	pingTimeout = 10 * time.Second
	// connectTimeout ends connections that never become HTTP/2.
	connectTimeout = 10 * time.Second
	// headerBytes is eight times the longest token that is read.
	headerBytes = 16 << 10
	// readBufferBytes of each connection: a phone sends 100 bytes at a time, and there are 50,000
	// of them. Write buffers are shared, they are needed only while something is sent.
	readBufferBytes  = 8 << 10
	writeBufferBytes = 32 << 10
	// streamWindowBytes and connWindowBytes bound what is held of a client that sends faster than
	// its messages are handled; 64 KiB is the least that HTTP/2 knows.
	streamWindowBytes = 64 << 10
	connWindowBytes   = 1 << 20
	// readFactor times the largest message is read before gRPC ends the call.
	readFactor = 4
)

// NewServer makes a server for the services that register registers, and for their health. Errors:
// a service is not in the schema, is registered twice, or has a method without a full rule.
func NewServer(c ServerConfig, register func(grpc.ServiceRegistrar)) (*Server, error) {
	if c.Verifier == nil {
		return nil, errors.New("wire: a server needs a verifier of tokens")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	limits := c.Limits.withDefaults()
	g := &gate{
		verifier: c.Verifier, now: c.Now, limits: limits, buckets: newBuckets(limits),
		log:      cmp.Or(c.Log, slog.New(slog.DiscardHandler)),
		listener: cmp.Or[Listener](c.Listener, nobody{}),
	}
	server := grpc.NewServer(slices.Concat(transport(limits), []grpc.ServerOption{
		grpc.ForceServerCodecV2(newCodec()), grpc.UnknownServiceHandler(g.unknown),
	}, c.Options)...)
	desk := &registrar{gate: g, server: server}
	register(desk)
	s := &Server{Server: server, Health: health.NewServer()}
	for _, name := range desk.names {
		s.Health.SetServingStatus(name, grpc_health_v1.HealthCheckResponse_SERVING)
	}
	grpc_health_v1.RegisterHealthServer(desk, s.Health)
	if c.Reflection {
		reflection.Register(desk)
	}
	if desk.err != nil {
		server.Stop()
		return nil, desk.err
	}
	return s, nil
}

func transport(l Limits) []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{
			MinTime: minPing, PermitWithoutStream: true,
		}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: pingAfter, Timeout: pingTimeout}),
		grpc.MaxConcurrentStreams(l.Streams),
		grpc.MaxRecvMsgSize(readFactor * l.MessageBytes),
		grpc.MaxHeaderListSize(headerBytes),
		grpc.ConnectionTimeout(connectTimeout),
		grpc.ReadBufferSize(readBufferBytes),
		grpc.WriteBufferSize(writeBufferBytes),
		grpc.StaticStreamWindowSize(streamWindowBytes),
		grpc.StaticConnWindowSize(connWindowBytes),
	}
}

// open are the services that anybody may call: load balancers ask for health, tools for the schema.
func open(service string) bool {
	switch service {
	case grpc_health_v1.Health_ServiceDesc.ServiceName,
		"grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection":
		return true
	default:
		return false
	}
}

// registrar puts the gate before the methods of every service that is registered.
type registrar struct {
	gate   *gate
	server *grpc.Server
	names  []string // of the services with rules
	err    error    // the first
}

// GetServiceInfo is what reflection lists.
func (r *registrar) GetServiceInfo() map[string]grpc.ServiceInfo {
	return r.server.GetServiceInfo()
}

// RegisterService registers a service behind the gate, or keeps why it cannot.
func (r *registrar) RegisterService(desc *grpc.ServiceDesc, impl any) {
	if err := r.register(*desc, impl); err != nil && r.err == nil {
		r.err = err
	}
}

func (r *registrar) register(desc grpc.ServiceDesc, impl any) error {
	name := desc.ServiceName
	if _, twice := r.server.GetServiceInfo()[name]; twice {
		return fmt.Errorf("wire: service %s is registered twice", name)
	}
	find := func(string) (method, error) { return method{}, nil }
	if !open(name) {
		rules, err := Rules(protoreflect.FullName(name))
		if err != nil {
			return fmt.Errorf("wire: %w", err)
		}
		find = func(full string) (method, error) {
			rule, ok := rules[full]
			if !ok {
				return method{}, fmt.Errorf("wire: %s has no rule", full)
			}
			return method{rule: rule}, nil
		}
		r.names = append(r.names, name)
		warm(protoreflect.FullName(name))
	}
	guarded, err := r.guarded(desc, find)
	if err != nil {
		return err
	}
	desc.Methods, desc.Streams = nil, guarded
	r.server.RegisterService(&desc, impl)
	return nil
}

// guarded are a service's methods behind the gate. One without streams is to gRPC a stream that
// flows neither way.
func (r *registrar) guarded(
	desc grpc.ServiceDesc, find func(full string) (method, error),
) ([]grpc.StreamDesc, error) {
	var list []grpc.StreamDesc
	add := func(s grpc.StreamDesc, do handler) error {
		full := "/" + desc.ServiceName + "/" + s.StreamName
		m, err := find(full)
		m.name = full
		s.Handler = r.gate.guard(m, do)
		list = append(list, s)
		return err
	}
	for _, m := range desc.Methods {
		if err := add(grpc.StreamDesc{StreamName: m.MethodName}, r.gate.unary(m)); err != nil {
			return nil, err
		}
	}
	for _, s := range desc.Streams {
		do := func(srv any, to *stream) error { return s.Handler(srv, to) }
		if err := add(s, do); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// warm has the rules of a service's requests compiled before the first caller waits for it.
func warm(service protoreflect.FullName) {
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(service)
	if err != nil {
		return
	}
	desc, ok := found.(protoreflect.ServiceDescriptor)
	if !ok {
		return
	}
	for i := range desc.Methods().Len() {
		name := desc.Methods().Get(i).Input().FullName()
		if t, err := protoregistry.GlobalTypes.FindMessageByName(name); err == nil {
			_ = Validate(t.New().Interface()) // an empty message may break rules
		}
	}
}
