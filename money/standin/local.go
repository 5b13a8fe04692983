package standin

import (
	"bytes"
	"errors"
	"io"
	"net/http"
)

// Local is a transport that takes requests to a handler of the same process: no socket, so a test
// may let fake time pass while a call hangs. A handler that cuts the connection gives
// io.ErrUnexpectedEOF.
type Local struct{ Handler http.Handler }

// RoundTrip implements http.RoundTripper.
func (l Local) RoundTrip(r *http.Request) (*http.Response, error) {
	answered := make(chan *localAnswer, 1)
	asked := r.Clone(r.Context())
	if asked.Host == "" {
		asked.Host = r.URL.Host
	}
	if asked.Body == nil {
		asked.Body = http.NoBody
	}
	go func() {
		to := &localAnswer{header: http.Header{}, status: http.StatusOK}
		defer func() {
			if cut := recover(); cut != nil {
				if err, ok := cut.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
					panic(cut)
				}
				to = nil
			}
			answered <- to
		}()
		l.Handler.ServeHTTP(to, asked)
	}()
	select {
	case <-r.Context().Done():
		return nil, r.Context().Err()
	case to := <-answered:
		if to == nil {
			return nil, io.ErrUnexpectedEOF
		}
		return &http.Response{
			StatusCode: to.status, Status: http.StatusText(to.status), Header: to.header,
			Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
			Body: io.NopCloser(&to.body), ContentLength: int64(to.body.Len()),
		}, nil
	}
}

// localAnswer is what a handler has written.
type localAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (a *localAnswer) Header() http.Header { return a.header }

// Write implements http.ResponseWriter.
func (a *localAnswer) Write(p []byte) (int, error) { return a.body.Write(p) }

// WriteHeader implements http.ResponseWriter.
func (a *localAnswer) WriteHeader(status int) { a.status = status }
