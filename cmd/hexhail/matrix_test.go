package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	driverpb "hexhail/pb/hexhail/driver/v1"
	typepb "hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// Nobody reads what is not theirs (invariant I17): every method of every service is called by
// everybody, and what should come of it follows from the rule in its schema and from whose row the
// request names. The requests are in matrix_table_test.go; a method without one is a failure.

// services are those with rules.
var services = []protoreflect.FullName{
	"hexhail.rider.v1.RiderService", "hexhail.driver.v1.DriverService", "hexhail.ops.v1.OpsService",
}

// variant is a request to a method.
type variant struct {
	name  string // told beside the method's, if it has several
	stage stage
	// owner of the row that the request names; 0 if it names none, and everybody whose role may
	// call gets what is their own.
	owner who
	// request is the messages of a call. Those to Drive follow the hello.
	request func(c *cast, w who) []proto.Message
	// owned is the owner's code: OK, or a conflict with the row's state.
	owned codes.Code
	// foreign is the code for those who may call but do not own the row; NotFound if 0.
	foreign codes.Code
	// others are the codes of those who have a part in the row beside the owner.
	others map[who]codes.Code
	silent bool // they get no answer, which is OK, and nothing happens
	// shows are words that have to be in the answer, so that nobody is content with an empty one.
	shows func(c *cast) map[who][]string
}

// expect is the code that a call has to end with.
func (v variant) expect(rule *typepb.Rule, w who) codes.Code {
	switch {
	case w.role() == typepb.Role_ROLE_UNSPECIFIED:
		return codes.Unauthenticated
	case !slices.Contains(rule.GetRoles(), w.role()):
		return codes.PermissionDenied
	case rule.GetScope() != typepb.Scope_SCOPE_OWN || v.owner == 0 || v.silent:
		return codes.OK
	case w == v.owner:
		return v.owned
	case v.others[w] != 0:
		return v.others[w]
	case v.foreign != 0:
		return v.foreign
	default:
		return codes.NotFound
	}
}

// best is whose good token would do.
func (v variant) best(rule *typepb.Rule) who {
	for w := riderOne; w < whoEnd; w++ {
		if w == v.owner || v.owner == 0 && v.expect(rule, w) == codes.OK {
			return w
		}
	}
	return staff
}

// trial is a server on trial.
type trial struct {
	*realm
	addr string
	conn *grpc.ClientConn
}

func (r *realm) try(addr string) *trial { return &trial{realm: r, addr: addr, conn: r.dial(addr)} }

// wrong calls a method as everybody, the owner last, and tells what is not as its rule says.
func (t *trial) wrong(
	method protoreflect.MethodDescriptor, rule *typepb.Rule, v variant,
) (all []string) {
	t.t.Helper()
	c := t.cast(v.stage)
	// Who shows bad tokens gets a connection of their own: a server counts them by connection.
	strangers, err := grpc.NewClient(t.addr, t.options()...)
	t.ok(err)
	defer strangers.Close()
	before := c.state()
	for w := nobody; w < whoEnd; w++ {
		if w == v.owner {
			continue
		}
		conn := t.conn
		if w.role() == typepb.Role_ROLE_UNSPECIFIED {
			conn = strangers
		}
		all = append(all, t.cell(conn, c, method, rule, v, w)...)
	}
	if v.owner == 0 {
		return all
	}
	if after := c.state(); after != before {
		all = append(all, fmt.Sprintf("somebody else than %s has changed the ride\n%s\nto\n%s",
			v.owner, before, after))
	}
	return append(all, t.cell(t.conn, c, method, rule, v, v.owner)...)
}

// cell is one method called by one caller.
func (t *trial) cell(
	conn *grpc.ClientConn, c *cast, method protoreflect.MethodDescriptor, rule *typepb.Rule,
	v variant, w who,
) (all []string) {
	t.t.Helper()
	wrong := func(format string, args ...any) {
		all = append(all, fmt.Sprintf("%s %s: ", method.FullName(), v.name)+w.String()+": "+
			fmt.Sprintf(format, args...))
	}
	token := t.bearer(c, w, v.best(rule))
	request := v.request(c, w)
	got := t.call(conn, method, c.hello(method, w, request), token)
	want := v.expect(rule, w)
	if got.code != want {
		wrong("%s, want %s: %s", got.code, want, got.text)
	}
	if v.shows != nil && want == codes.OK {
		for _, text := range v.shows(c)[w] {
			if !strings.Contains(got.text, text) {
				wrong("the answer lacks %q: %s", text, got.text)
			}
		}
	}
	for _, leak := range c.leaks(w, request, got) {
		wrong("the answer has %q in it: %s", leak, got.text)
	}
	if want == codes.NotFound {
		// What is somebody else's and what never was are the same to them, to the letter.
		never := t.call(conn, method, c.hello(method, w, c.madeUp(v.request(c, w))), token)
		if never.code != got.code || c.unnamed(never.refusal) != c.unnamed(got.refusal) {
			wrong("tells what exists: %s\nand of what does not: %s", got.refusal, never.refusal)
		}
	}
	return all
}

// bearer is a part's token.
func (t *trial) bearer(c *cast, w, best who) string {
	caller, now, signer := c.caller(w, best), time.Now(), t.signer
	switch w {
	case nobody:
		return ""
	case expired:
		now = now.Add(-time.Hour)
	case forged:
		key, err := wire.MakeKey()
		t.ok(err)
		signer = wire.NewSigner(key)
	default:
	}
	token, err := signer.Mint(caller, now, time.Minute)
	t.ok(err)
	return token
}

// leaks are the words of an answer that are not for its reader. An error may repeat what the
// request has said.
func (c *cast) leaks(w who, request []proto.Message, got answer) (all []string) {
	said := ""
	if got.code != codes.OK {
		for _, m := range request {
			said += protojson.Format(m)
		}
	}
	for _, secret := range c.words() {
		if strings.Contains(got.text, secret.text) && !slices.Contains(secret.readers, w) &&
			!strings.Contains(said, secret.text) {
			all = append(all, secret.text)
		}
	}
	return all
}

// madeUpID stands for rows that never were.
const madeUpID = "01ZZZZZZZZZZZZZZZZZZZZZZZZ"

// madeUp is a request for rows that never were.
func (c *cast) madeUp(request []proto.Message) []proto.Message {
	for _, m := range request {
		eachString(m.ProtoReflect(), func(_ protoreflect.FieldDescriptor, text string) string {
			if text != "" && slices.Contains(c.named(), text) {
				return madeUpID
			}
			return text
		})
	}
	return request
}

// named are the ids of rows that requests name.
func (c *cast) named() []string {
	return []string{
		string(c.ride), string(c.offer), string(c.regular), string(c.own),
		string(c.invited),
	}
}

// unnamed is an answer without the ids that it was asked for.
func (c *cast) unnamed(text string) string {
	for _, id := range c.named() {
		if id != "" {
			text = strings.ReplaceAll(text, id, madeUpID)
		}
	}
	return text
}

// eachString puts fn's answer in the place of every string of a message.
func eachString(
	m protoreflect.Message, fn func(protoreflect.FieldDescriptor, string) string,
) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsList() || f.IsMap():
		case f.Message() != nil:
			eachString(v.Message(), fn)
		case f.Kind() == protoreflect.StringKind:
			m.Set(f, protoreflect.ValueOfString(fn(f, v.String())))
		}
		return true
	})
}

// hello is what goes over the wire: a fresh request_id in every message, and before those of a
// session its hello.
func (c *cast) hello(
	method protoreflect.MethodDescriptor, w who, request []proto.Message,
) []proto.Message {
	for _, m := range request {
		eachString(m.ProtoReflect(), func(f protoreflect.FieldDescriptor, text string) string {
			if f.Name() == "request_id" {
				return c.fresh()
			}
			return text
		})
	}
	if method.Name() != "Drive" {
		return request
	}
	return slices.Insert(request, 0, proto.Message(&driverpb.DriveRequest{
		Message: &driverpb.DriveRequest_Hello{Hello: &driverpb.Hello{TaxiId: c.taxi(w)}},
	}))
}

// answer is what came of a call: all its messages and its status as JSON.
type answer struct {
	code    codes.Code
	text    string
	refusal string // of that, why it was refused
}

// call makes a call of any kind. A watch is left after its first message.
func (t *trial) call(
	conn *grpc.ClientConn, method protoreflect.MethodDescriptor, request []proto.Message,
	token string,
) answer {
	t.t.Helper()
	ctx, cancel := context.WithTimeout(t.t.Context(), 30*time.Second)
	defer cancel()
	// The same x-request-id for all, since an error repeats it.
	ctx = metadata.AppendToOutgoingContext(ctx, "x-request-id", "matrix")
	if token != "" {
		ctx = wire.WithToken(ctx, token)
	}
	full := fmt.Sprintf("/%s/%s", method.Parent().FullName(), method.Name())
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{
		ServerStreams: method.IsStreamingServer(), ClientStreams: method.IsStreamingClient(),
	}, full)
	t.ok(err)
	for _, m := range request {
		if stream.SendMsg(m) != nil {
			break // the status says why
		}
	}
	t.ok(stream.CloseSend())
	reply, err := protoregistry.GlobalTypes.FindMessageByName(method.Output().FullName())
	t.ok(err)
	var got answer
	for {
		m := reply.New().Interface()
		if err = stream.RecvMsg(m); err != nil {
			break
		}
		got.text += protojson.Format(m)
		if d, ok := m.(*driverpb.DriveResponse); ok && d.GetResult().GetError() != nil {
			got.code = codes.Code(d.GetResult().GetError().GetCode())
			got.refusal = protojson.Format(d.GetResult().GetError())
		}
		if !method.IsStreamingServer() || !method.IsStreamingClient() {
			return got
		}
	}
	if !errors.Is(err, io.EOF) {
		st := status.Convert(err)
		got.code, got.refusal = st.Code(), protojson.Format(st.Proto())
		got.text += got.refusal
	}
	return got
}

// methods goes through every method of the services, with its rule.
func methods(t *testing.T, do func(protoreflect.MethodDescriptor, *typepb.Rule)) {
	t.Helper()
	rules, err := wire.Rules(services...)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range services {
		found, err := protoregistry.GlobalFiles.FindDescriptorByName(name)
		if err != nil {
			t.Fatal(err)
		}
		service, ok := found.(protoreflect.ServiceDescriptor)
		if !ok {
			t.Fatalf("%s is no service", name)
		}
		for i := range service.Methods().Len() {
			method := service.Methods().Get(i)
			do(method, rules[fmt.Sprintf("/%s/%s", name, method.Name())])
		}
	}
}

func TestNobodyReadsWhatIsNotTheirs(t *testing.T) {
	r := openRealm(t, "--channels", "standin")
	server, requests, cells := r.try(r.grpcAddr()), matrixTable(), 0
	methods(t, func(method protoreflect.MethodDescriptor, rule *typepb.Rule) {
		variants := requests[string(method.FullName())]
		if len(variants) == 0 {
			t.Errorf("%s has no request in the table", method.FullName())
		}
		for _, v := range variants {
			for _, text := range server.wrong(method, rule, v) {
				t.Error(text)
			}
			cells += int(whoEnd - nobody)
		}
		delete(requests, string(method.FullName()))
	})
	for name := range requests {
		t.Errorf("the table has requests for %s, which there is not", name)
	}
	t.Logf("%d cells", cells)
}

// The server serves nothing that the matrix does not know, and the matrix knows every command.
func TestTheMatrixIsWhole(t *testing.T) {
	r := openRealm(t, "--channels", "standin")
	for name := range r.service.grpc.GetServiceInfo() {
		switch name {
		case "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
			"grpc.reflection.v1alpha.ServerReflection": // which have no rows
		default:
			if !slices.Contains(services, protoreflect.FullName(name)) {
				t.Errorf("%s is served, and not in the matrix", name)
			}
		}
	}
	fields := (&driverpb.Command{}).ProtoReflect().Descriptor().Oneofs().ByName("action").Fields()
	for i := range fields.Len() {
		if !slices.ContainsFunc(actions(), func(a action) bool {
			return a.name == string(fields.Get(i).Name())
		}) {
			t.Errorf("command %s is not in the matrix", fields.Get(i).Name())
		}
	}
	methods(t, func(m protoreflect.MethodDescriptor, rule *typepb.Rule) {
		all := rule.GetScope() == typepb.Scope_SCOPE_ALL
		if all && !slices.Equal(rule.GetRoles(), []typepb.Role{typepb.Role_ROLE_OPS}) {
			t.Errorf("%s: all rows are for ops alone", m.FullName())
		}
	})
}
