package wechat

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"sync/atomic"
	"testing"

	"hexhail/money"
)

// BenchmarkBarcode is a payment by barcode, from the attempt to the verified outcome, with the
// stand-in's half of the work in it. BenchmarkBarcodeBareRSA beside it is what must be signed and
// verified for it: the call by us, the answer by WeChat.
func BenchmarkBarcode(b *testing.B) {
	s := newStand(b, byPublicKey)
	var made atomic.Int64
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			n := made.Add(1)
			a := attempt(money.AttemptID(fmt.Sprintf("01HZXBENCH%010d", n)), money.WayBarcode)
			a.Token = fmt.Sprintf("13%012d0000", n)
			if out, err := s.Charge(b.Context(), a, noon); err != nil ||
				out.State != money.AttemptPaid {
				b.Errorf("%+v, %v", out, err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "payments/s")
}

// BenchmarkBarcodeBareRSA is the baseline.
func BenchmarkBarcodeBareRSA(b *testing.B) {
	key, sum := merchantKey(), sha256.Sum256([]byte("a call or its answer"))
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			for range 2 {
				signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
				if err != nil {
					b.Error(err)
				}
				if err := rsa.VerifyPKCS1v15(
					&key.PublicKey, crypto.SHA256, sum[:], signature); err != nil {
					b.Error(err)
				}
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "payments/s")
}
