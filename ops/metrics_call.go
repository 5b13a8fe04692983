package ops

import (
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"hexhail/dispatch"
)

// Calls counts the calls of the gRPC server: how many, how they ended, how long they took. It is
// the listener of wire's server; Called allocates nothing but at the first end of its kind.
type Calls struct {
	total     *prometheus.CounterVec
	methods   map[string]*callMetrics // by full name, "/hexhail.rider.v1.RiderService/GetRide"
	elsewhere *callMetrics
	refused   *prometheus.CounterVec
	reasons   vocabulary
}

// lastCode is the highest code of gRPC.
const lastCode = codes.Unauthenticated

// callMetrics are a method's counters. Those of a code appear with the first call that ends so:
// most of 17 codes never happen to a method.
type callMetrics struct {
	name    string
	seconds prometheus.Observer
	byCode  [lastCode + 1]atomic.Pointer[prometheus.Counter]
}

// Calls are the metrics of calls, for wire's server.
func (m *Metrics) Calls() *Calls { return &m.calls }

func (c *Calls) register(f *factory, services []*grpc.ServiceDesc) {
	c.total = f.counters("hexhail_rpc_calls_total", "Calls that ended.", "method", "code")
	seconds := f.histograms("hexhail_rpc_seconds",
		"Time of a call; of a stream, from its begin to its end.", shortSeconds, "method")
	c.refused = f.counters("hexhail_rpc_errors_total",
		"Calls that ended with an error, by its public reason.", "reason")
	c.methods = make(map[string]*callMetrics)
	method := func(name string) *callMetrics {
		m := &callMetrics{name: name, seconds: seconds.WithLabelValues(name)}
		m.count(c.total, codes.OK)
		return m
	}
	for _, s := range services {
		for _, unary := range s.Methods {
			name := "/" + s.ServiceName + "/" + unary.MethodName
			c.methods[name] = method(strings.TrimPrefix(name, "/"))
		}
		for _, stream := range s.Streams {
			name := "/" + s.ServiceName + "/" + stream.StreamName
			c.methods[name] = method(strings.TrimPrefix(name, "/"))
		}
	}
	c.elsewhere = method(other)
}

// count finds the counter of a code, and makes it if this is the first.
func (m *callMetrics) count(total *prometheus.CounterVec, code codes.Code) prometheus.Counter {
	if code > lastCode {
		code = codes.Unknown
	}
	if known := m.byCode[code].Load(); known != nil {
		return *known
	}
	made := total.WithLabelValues(m.name, code.String())
	m.byCode[code].Store(&made)
	return made
}

// Called is a call that has ended. method is the full name of gRPC, with its leading slash.
func (c *Calls) Called(method string, code codes.Code, took time.Duration) {
	m, ok := c.methods[method]
	if !ok {
		m = c.elsewhere
	}
	m.count(c.total, code).Inc()
	m.seconds.Observe(took.Seconds())
}

// Refused is a call that has ended with an error, by its public reason.
func (c *Calls) Refused(reason dispatch.Reason) {
	c.refused.WithLabelValues(c.reasons.word(string(reason))).Inc()
}
