package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"hexhail/money/alipay"
	"hexhail/money/wechat"
)

// The name of the file that `serve --channels` reads, in the folder of a stand-in.
const channelsName = "channels.json"

func newStandin() *cobra.Command {
	var addr, dir, notify string
	var latency time.Duration
	cmd := &cobra.Command{
		Use:   "standin",
		Short: "Play WeChat Pay and Alipay for a server under test",
		Long: "Plays WeChat Pay, Alipay and their payers' phone in a process of its own, which\n" +
			"does not end with the server that is tested. Keys and the file that `hexhail serve\n" +
			"--channels` reads are written into --dir, new at each start; orders are kept in\n" +
			"memory. What the phone can do, and how something goes wrong: docs/payments.md.",
		Example: "  hexhail standin --dir data/standin &\n" +
			"  hexhail serve --channels data/standin/channels.json",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			u, err := url.Parse(notify)
			if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
				return &usageError{fmt.Errorf("--notify-url must be http(s)://host[:port]")}
			}
			if latency < 0 || latency > maxLatency {
				return &usageError{fmt.Errorf("--latency must be 0s to %v", maxLatency)}
			}
			return runStandin(cmd.Context(), addr, dir, notify, latency, cmd.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&addr, "addr", "127.0.0.1:7090", "`host:port` where to be reached")
	f.StringVar(&dir, "dir", "data/standin", "`folder` for keys and "+channelsName)
	f.StringVar(&notify, "notify-url", "http://127.0.0.1:7080",
		"the server's HTTP side, which is told")
	f.DurationVar(&latency, "latency", 0, "how much `longer` each call takes")
	return cmd
}

// maxLatency is above what any client waits.
const maxLatency = time.Minute

// runStandin plays until ctx ends.
func runStandin(
	ctx context.Context, addr, dir, notify string, latency time.Duration, stdout io.Writer,
) (err error) {
	var open net.ListenConfig
	at, err := open.Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("addr: %w", err)
	}
	base := "http://" + at.Addr().String()
	s, err := newPlayed(base, notify, latency)
	if err != nil {
		return errors.Join(err, at.Close())
	}
	if err := s.write(dir, notify); err != nil {
		return errors.Join(err, at.Close())
	}
	broken := make(chan error, 1)
	end := s.serve(ctx, at, func(err error) { broken <- err })
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err = errors.Join(err, end(closing))
	}()
	_, err = fmt.Fprintf(stdout, "channels %s   phone %s/phone\n",
		filepath.Join(dir, channelsName), base)
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-broken:
		return err
	}
}

// write leaves our accounts in a folder, as `serve --channels` reads them.
func (s *played) write(dir, notify string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("dir: %w", err)
	}
	w, a := s.wechat.Accounts[""], s.alipay.Accounts[""]
	private, err := x509.MarshalPKCS8PrivateKey(w.PrivateKey)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(w.PublicKey)
	if err != nil {
		return err
	}
	channels, err := json.MarshalIndent(s.channels(notify, w, a), "", "  ")
	if err != nil {
		return err
	}
	files := map[string][]byte{
		channelsName:        append(channels, '\n'),
		"wechat_key.pem":    pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
		"wechat_public.pem": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}),
		"wechat_v3.key":     []byte(w.APIv3Key),
		"alipay_key.pem":    []byte(a.PrivateKey), "alipay_app.crt": []byte(a.AppCert),
		"alipay_root.crt": []byte(a.RootCert),
	}
	for i, cert := range a.AlipayCerts {
		files[alipayCertName(i)] = []byte(cert)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return fmt.Errorf("dir: %w", err)
		}
	}
	return nil
}

func alipayCertName(i int) string { return fmt.Sprintf("alipay_%d.crt", i+1) }

// channels is the file that tells of the accounts.
func (s *played) channels(notify string, w wechat.Account, a alipay.Account) channelsFile {
	contract := contractFile{FeePPM: standinFee}
	theirs := alipayAccount{
		AppID: a.AppID, SellerID: a.SellerID, PrivateKey: "alipay_key.pem",
		AppCert: "alipay_app.crt", RootCert: "alipay_root.crt",
	}
	for i := range a.AlipayCerts {
		theirs.AlipayCerts = append(theirs.AlipayCerts, alipayCertName(i))
	}
	return channelsFile{
		NotifyURL: notify,
		WeChat: &wechatFile{
			contractFile: contract, Brand: s.wechat.Brand, BaseURL: s.wechat.BaseURL,
			Payouts: &wechatPayouts{Scene: s.wechat.Payouts.Scene},
			Accounts: map[string]wechatAccount{"": {
				MchID: w.MchID, AppID: w.AppID, Serial: w.Serial, PrivateKey: "wechat_key.pem",
				APIv3Key: "wechat_v3.key", PublicKeyID: w.PublicKeyID,
				PublicKey: "wechat_public.pem",
			}},
		},
		Alipay: &alipayFile{
			contractFile: contract, Gateway: s.alipay.Gateway,
			Accounts: map[string]alipayAccount{"": theirs},
		},
	}
}
