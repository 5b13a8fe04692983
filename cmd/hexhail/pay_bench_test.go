//go:build !race

package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"hexhail/bus/bustest"
	"hexhail/money"
	driverpb "hexhail/pb/hexhail/driver/v1"
	riderpb "hexhail/pb/hexhail/rider/v1"
	typepb "hexhail/pb/hexhail/type/v1"
)

// BenchmarkConfirmed is whole rides by 64 pairs, paid by the barcode on the payer's phone through a
// channel of which each call takes 100 ms, or by a tap from the wallet: from the scan, or the tap,
// until both phones have heard that the ride is settled.
func BenchmarkConfirmed(b *testing.B) {
	for _, channel := range []money.ChannelName{money.WeChat, money.Alipay, money.InWallet} {
		b.Run(string(channel), func(b *testing.B) {
			at := bustest.FreeAddress(b)
			s := startStandins(b, "http://"+at, "--latency", "100ms")
			t := openBenchTown(b, "--http-addr", at, "--channels", s.channels)
			for i := range benchIdle {
				t.phone(benchPairs + i)
			}
			var phones []*benchPhone
			for i := range benchPairs {
				phones = append(phones, t.phone(i))
			}
			t.gathered(phones)
			var mu sync.Mutex
			var took []time.Duration
			var all sync.WaitGroup
			b.ResetTimer()
			for i, p := range phones {
				rider := t.as(typepb.Role_ROLE_RIDER, fmt.Sprintf("R%03d", i))
				all.Go(func() {
					for n := i; n < b.N && !b.Failed(); n += benchPairs {
						d := t.confirmed(rider, p, channel, s)
						mu.Lock()
						took = append(took, d)
						mu.Unlock()
					}
				})
			}
			all.Wait()
			b.StopTimer()
			slices.Sort(took)
			b.ReportMetric(float64(len(took))/b.Elapsed().Seconds(), "payments/s")
			b.ReportMetric(ms(took[len(took)/2]), "p50-ms")
			b.ReportMetric(ms(took[len(took)*99/100]), "p99-ms")
		})
	}
}

// confirmed drives a ride, has it paid, and says how long both waited for the word.
func (t *benchTown) confirmed(
	rider context.Context, p *benchPhone, channel money.ChannelName, s *standins,
) time.Duration {
	id := t.ride(rider, p, false).id
	client := riderpb.NewRiderServiceClient(t.conns[p.i%len(t.conns)])
	var barcode struct{ Code string }
	if channel != money.InWallet {
		s.ask("/barcode", map[string]any{
			"channel": channel, "payer": map[string]string{"account": fmt.Sprint("payer-", p.i)},
		}, &barcode)
	}
	told, begun := make(chan struct{}), make(chan struct{})
	var once sync.Once
	go t.hear(rider, client, id, told, func(m *riderpb.WatchRideResponse) bool {
		once.Do(func() { close(begun) })
		return m.GetRide().GetState() == typepb.RideState_RIDE_STATE_SETTLED
	})
	<-begun
	began := time.Now()
	if channel == money.InWallet {
		t.pay(rider, p, id)
	} else {
		driver := t.as(typepb.Role_ROLE_DRIVER, fmt.Sprintf("D%03d", p.i))
		_, err := driverpb.NewDriverServiceClient(t.conns[p.i%len(t.conns)]).CollectFare(driver,
			&driverpb.CollectFareRequest{
				RequestId: t.fresh(), RideId: id, Channel: string(channel), Barcode: barcode.Code,
			})
		if err != nil {
			t.b.Error(err)
			return 0
		}
		p.settled(id)
	}
	<-told
	return time.Since(began)
}
