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
)

// The name of the file that `serve --channels` reads, in the folder of a stand-in.
const channelsName = "channels.json"

func newStandin() *cobra.Command {
	var addr, dir, notify string
	var latency time.Duration
	var companies []string
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
			played := func(base string) (*played, error) {
				return newPlayed(base, notify, latency, companies...)
			}
			return runStandin(cmd.Context(), addr, dir, notify, played, cmd.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&addr, "addr", "127.0.0.1:7090", "`host:port` where to be reached")
	f.StringVar(&dir, "dir", "data/standin", "`folder` for keys and "+channelsName)
	f.StringVar(&notify, "notify-url", "http://127.0.0.1:7080",
		"the server's HTTP side, which is told")
	f.DurationVar(&latency, "latency", 0, "how much `longer` each call takes")
	f.StringArrayVar(&companies, "company", nil,
		"`id` of a company with accounts of its own; may be repeated")
	return cmd
}

// maxLatency is above what any client waits.
const maxLatency = time.Minute

// runStandin plays until ctx ends.
func runStandin(
	ctx context.Context, addr, dir, notify string, play func(base string) (*played, error),
	stdout io.Writer,
) (err error) {
	var open net.ListenConfig
	at, err := open.Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("addr: %w", err)
	}
	base := "http://" + at.Addr().String()
	s, err := play(base)
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
	files := map[string][]byte{}
	channels := s.channels(notify)
	for company, a := range s.wechat.Accounts {
		at := channels.WeChat.Accounts[company]
		private, err := x509.MarshalPKCS8PrivateKey(a.PrivateKey)
		if err != nil {
			return err
		}
		public, err := x509.MarshalPKIXPublicKey(a.PublicKey)
		if err != nil {
			return err
		}
		files[at.PrivateKey] = pem.EncodeToMemory(
			&pem.Block{Type: "PRIVATE KEY", Bytes: private})
		files[at.PublicKey] = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
		files[at.APIv3Key] = []byte(a.APIv3Key)
	}
	for company, a := range s.alipay.Accounts {
		at := channels.Alipay.Accounts[company]
		files[at.PrivateKey], files[at.AppCert] = []byte(a.PrivateKey), []byte(a.AppCert)
		files[at.RootCert] = []byte(a.RootCert)
		for i, cert := range a.AlipayCerts {
			files[at.AlipayCerts[i]] = []byte(cert)
		}
	}
	text, err := json.MarshalIndent(channels, "", "  ")
	if err != nil {
		return err
	}
	files[channelsName] = append(text, '\n')
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return fmt.Errorf("dir: %w", err)
		}
	}
	return nil
}

// channels is the file that tells of the accounts. The files of a company's keys begin with the
// number of its account.
func (s *played) channels(notify string) channelsFile {
	contract := contractFile{FeePPM: standinFee}
	weChat, ali := map[string]wechatAccount{}, map[string]alipayAccount{}
	for company, a := range s.wechat.Accounts {
		of := "wechat_" + a.MchID
		weChat[company] = wechatAccount{
			MchID: a.MchID, AppID: a.AppID, Serial: a.Serial, PrivateKey: of + "_key.pem",
			APIv3Key: of + "_v3.key", PublicKeyID: a.PublicKeyID, PublicKey: of + "_public.pem",
		}
	}
	for company, a := range s.alipay.Accounts {
		of := "alipay_" + a.SellerID
		theirs := alipayAccount{
			AppID: a.AppID, SellerID: a.SellerID, PrivateKey: of + "_key.pem",
			AppCert: of + "_app.crt", RootCert: of + "_root.crt",
		}
		for i := range a.AlipayCerts {
			theirs.AlipayCerts = append(theirs.AlipayCerts, fmt.Sprintf("%s_%d.crt", of, i+1))
		}
		if company != "" {
			fee := companyFee
			theirs.FeePPM = &fee
		}
		ali[company] = theirs
	}
	return channelsFile{
		NotifyURL: notify,
		WeChat: &wechatFile{
			contractFile: contract, Brand: s.wechat.Brand, BaseURL: s.wechat.BaseURL,
			Payouts: &wechatPayouts{Scene: s.wechat.Payouts.Scene}, Accounts: weChat,
		},
		Alipay: &alipayFile{contractFile: contract, Gateway: s.alipay.Gateway, Accounts: ali},
	}
}
