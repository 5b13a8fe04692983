package bus

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"hexhail/dispatch"
)

// How a connection is made and kept.
const (
	openFor  = 10 * time.Second       // Open tries that long
	openWait = 200 * time.Millisecond // between two tries
	// reconnectWait and as much jitter again is between two tries to reconnect, which never end.
	// A cluster that comes back takes each node within half a second, and not all at once.
	reconnectWait = 250 * time.Millisecond
	// pingEvery: a connection whose other end has vanished is noticed after two pings.
	pingEvery = 5 * time.Second
	// writeTimeout is when a server that does not read is given up. One in this process has more
	// time: on a machine that is overloaded it stands still for a while, as we do, and giving it up
	// loses what is on the way and helps nobody.
	writeTimeout    = time.Second
	embeddedTimeout = 30 * time.Second
	dialTimeout     = 2 * time.Second
)

// options are a connection's: to the embedded server s, or by c.URL if that is nil.
func (b *Bus) options(c Config, s *server.Server) (nats.Options, error) {
	o := nats.GetDefaultOptions()
	list := []nats.Option{
		nats.Name(c.Name), nats.MaxReconnects(-1), nats.ReconnectBufSize(-1),
		nats.ReconnectWait(reconnectWait), nats.ReconnectJitter(reconnectWait, reconnectWait),
		nats.IgnoreAuthErrorAbort(), nats.ReconnectOnFlusherError(),
		nats.FlusherTimeout(writeTimeout), nats.Timeout(dialTimeout),
		nats.PingInterval(pingEvery), nats.MaxPingsOutstanding(2),
		nats.ErrorHandler(b.onError), nats.DisconnectErrHandler(b.onDisconnect),
		nats.ReconnectHandler(b.onReconnect),
		nats.ClosedHandler(func(*nats.Conn) { close(b.gone) }),
	}
	if s != nil {
		list = append(list, nats.InProcessServer(s), nats.FlusherTimeout(embeddedTimeout))
	} else {
		o.Url = c.URL
		more, err := c.identity()
		if err != nil {
			return o, err
		}
		list = append(list, more...)
	}
	for _, option := range list {
		if err := option(&o); err != nil {
			return o, unusable("the options", err)
		}
	}
	return o, nil
}

// identity is how node and server prove to each other who they are.
func (c Config) identity() (list []nats.Option, err error) {
	secure, err := c.tls()
	if err != nil {
		return nil, err
	}
	if secure != nil {
		list = append(list, nats.Secure(secure))
	}
	if c.Creds == "" {
		return list, nil
	}
	if _, err := os.Stat(c.Creds); err != nil {
		return nil, unusable("the credentials", err)
	}
	return append(list, nats.UserCredentials(c.Creds)), nil
}

// tls is what the files say; nil if there are none.
func (c Config) tls() (*tls.Config, error) {
	if (c.CertFile == "") != (c.KeyFile == "") {
		return nil, dispatch.Errorf(dispatch.Invalid, dispatch.ReasonField,
			"bus: a certificate needs its key, and a key its certificate")
	}
	if c.CAFile == "" && c.CertFile == "" {
		return nil, nil
	}
	secure := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, unusable("the CA's certificates", err)
		}
		secure.RootCAs = x509.NewCertPool()
		if !secure.RootCAs.AppendCertsFromPEM(pem) {
			return nil, unusable("the CA's certificates", errors.New("there is none in the file"))
		}
	}
	if c.CertFile != "" {
		own, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
		if err != nil {
			return nil, unusable("the certificate", err)
		}
		secure.Certificates = []tls.Certificate{own}
	}
	return secure, nil
}

func unusable(what string, cause error) error {
	return &dispatch.Error{
		Kind: dispatch.Invalid, Reason: dispatch.ReasonField, Cause: cause,
		Text: "bus: " + what + " cannot be used",
	}
}

// dial connects, and tries again while nobody answers.
func dial(ctx context.Context, o nats.Options) (*nats.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, openFor)
	defer cancel()
	for {
		nc, err := o.Connect()
		if err == nil {
			return nc, nil
		}
		var untrusted *tls.CertificateVerificationError
		switch {
		case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired),
			errors.Is(err, nats.ErrAuthRevoked), errors.Is(err, nats.ErrAccountAuthExpired):
			return nil, &dispatch.Error{
				Kind: dispatch.Denied, Reason: ReasonBus, Cause: err,
				Text: "bus: the server refuses the credentials",
			}
		case errors.As(err, &untrusted), errors.Is(err, nats.ErrSecureConnWanted),
			errors.Is(err, nats.ErrSecureConnRequired):
			return nil, unusable("the connection", err)
		}
		select {
		case <-ctx.Done():
			return nil, unavailable("no server answers", err)
		case <-time.After(openWait):
		}
	}
}

func (b *Bus) onError(_ *nats.Conn, sub *nats.Subscription, err error) {
	if errors.Is(err, nats.ErrSlowConsumer) {
		b.slow.Add(1)
	}
	subject := ""
	if sub != nil {
		subject = sub.Subject
	}
	b.log.Warn("bus error", "subject", subject, "error", err)
}

func (b *Bus) onDisconnect(_ *nats.Conn, err error) {
	if !b.closed.Load() {
		b.log.Warn("bus disconnected", "error", err)
	}
}

func (b *Bus) onReconnect(nc *nats.Conn) {
	b.reconnect.Add(1)
	b.log.Info("bus reconnected", "url", nc.ConnectedUrlRedacted())
	select {
	case b.drivers.again <- struct{}{}:
	default: // it is to be done already
	}
}
