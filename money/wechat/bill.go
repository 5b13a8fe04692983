package wechat

import (
	"compress/gzip"
	"context"
	"crypto/sha1" //nolint:gosec // G505: the hash that WeChat tells of a bill
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"
)

const (
	pathTradeBill = "/v3/bill/tradebill"
	// billWithin is how long the download of a bill may take: 256 MiB at 1 MiB/s.
	billWithin = 5 * time.Minute
	// MaxBill is how many bytes a bill may have, unpacked: 700,000 rows.
	MaxBill = 256 << 20
)

// What a bill is not. Callers test with errors.Is.
var (
	// ErrNoBill says that nothing moved on that day.
	ErrNoBill = errors.New("wechat: there is no bill of that day")
	// ErrBillNotReady says that the bill is not made yet: WeChat makes them until 10:00.
	ErrBillNotReady = errors.New("wechat: the bill is not made yet")
	// ErrBillHash says that what was downloaded is not what WeChat says that the bill is.
	ErrBillHash = errors.New("wechat: the bill is not the one that was announced")
)

// Bill downloads the trade bill of a merchant's day into w: it asks where the bill is and what its
// hash is, in an answer that is verified, then downloads and compares. Until it returns nil, what
// is in w is worth nothing. Errors: [ErrNoBill], [ErrBillNotReady], [ErrBillHash], *[BillError] if
// it is too long, *[Error], *[ConfigError] for an unknown merchant, and those of w.
func (c *Client) Bill(ctx context.Context, merchant string, day time.Time, w io.Writer) error {
	a, err := c.of(merchant)
	if err != nil {
		return err
	}
	if err := a.keys.ready(ctx); err != nil {
		return err
	}
	var where struct {
		Type string `json:"hash_type"`
		Hash string `json:"hash_value"`
		URL  string `json:"download_url"`
	}
	err = a.ask(ctx, "bill", http.MethodGet, pathTradeBill, url.Values{
		"bill_date": {day.Format(time.DateOnly)}, "bill_type": {"ALL"}, "tar_type": {"GZIP"},
	}, nil, &where)
	if no := (*Error)(nil); errors.As(err, &no) {
		switch no.Code {
		case "NO_STATEMENT_EXIST":
			return ErrNoBill
		case "STATEMENT_CREATING":
			return ErrBillNotReady
		}
	}
	if err != nil {
		return err
	}
	if where.Type != "SHA1" {
		return fmt.Errorf("%w: hash of type %q", ErrBillHash, clean(where.Type))
	}
	return a.download(ctx, where.URL, where.Hash, w)
}

// download fetches a bill. Its answer is not signed; the hash is, of the unpacked text.
func (a *account) download(ctx context.Context, from, hash string, w io.Writer) error {
	at, err := url.Parse(from)
	if err != nil || at.Scheme != "https" ||
		at.Host != "api.mch.weixin.qq.com" && at.Host != "api2.mch.weixin.qq.com" {
		// What we send there is signed with the merchant's key.
		return &Error{Call: "download", Cause: errors.New("it is not at WeChat's")}
	}
	result, err := a.bill.Request(ctx, http.MethodGet, from, nil, nil, nil, consts.ApplicationJSON)
	if err != nil {
		return a.said(ctx, "download", err)
	}
	defer func() { _ = result.Response.Body.Close() }() // it was read
	text, err := gzip.NewReader(result.Response.Body)
	if err != nil {
		return fmt.Errorf("%w: not packed", ErrBillHash)
	}
	sum := sha1.New() //nolint:gosec // G401: WeChat's choice
	n, err := io.Copy(io.MultiWriter(w, sum), io.LimitReader(text, MaxBill+1))
	switch {
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader),
		errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: cut short", ErrBillHash)
	case err != nil:
		return failed("download", err, false)
	case n > MaxBill:
		return &BillError{Fault: BillTooBig}
	case !strings.EqualFold(hex.EncodeToString(sum.Sum(nil)), hash):
		return ErrBillHash
	}
	return nil
}
