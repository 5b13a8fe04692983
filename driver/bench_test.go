package driver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"hexhail/pb/hexhail/driver/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// benchTarget is a server in a process of its own.
type benchTarget struct {
	b    testing.TB
	addr string
	ask  io.WriteCloser
	said *bufio.Scanner
}

func startBench(b testing.TB, role string) *benchTarget {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), benchRole+"="+role)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	check(b, err)
	out, err := cmd.StdoutPipe()
	check(b, err)
	check(b, cmd.Start())
	s := &benchTarget{b: b, ask: in, said: bufio.NewScanner(out)}
	b.Cleanup(func() { _ = in.Close(); check(b, cmd.Wait()) })
	if !s.said.Scan() {
		b.Fatal("the server does not start")
	}
	s.addr = s.said.Text()
	return s
}

// number asks the server.
func (s *benchTarget) number(question string) int64 {
	s.b.Helper()
	_, err := fmt.Fprintln(s.ask, question)
	check(s.b, err)
	if !s.said.Scan() {
		s.b.Fatalf("%s: the server has ended", question)
	}
	n, err := strconv.ParseInt(s.said.Text(), 10, 64)
	check(s.b, err)
	return n
}

// crowd is streams that have said hello, many on a connection.
type crowd struct {
	b       testing.TB
	conns   []*grpc.ClientConn
	streams []driverpb.DriverService_DriveClient
	cancel  context.CancelFunc
	base    int // the number of the first driver
}

// gather opens conns connections with perConn streams each.
func (s *benchTarget) gather(conns, perConn, base int) *crowd {
	s.b.Helper()
	signer := wire.NewSigner(benchKey())
	ctx, cancel := context.WithCancel(context.Background())
	c := &crowd{b: s.b, cancel: cancel, base: base}
	c.streams = make([]driverpb.DriverService_DriveClient, conns*perConn)
	for range conns {
		conn, err := grpc.NewClient(s.addr,
			grpc.WithTransportCredentials(insecure.NewCredentials()))
		check(s.b, err)
		c.conns = append(c.conns, conn)
	}
	c.each(conns, func(k int) error {
		for i := k * perConn; i < (k+1)*perConn; i++ {
			driver := string(driverID(base + i))
			token, err := signer.Mint(wire.Caller{Role: typepb.Role_ROLE_DRIVER, ID: driver},
				time.Now(), time.Hour)
			if err != nil {
				return err
			}
			stream, err := driverpb.NewDriverServiceClient(c.conns[k]).
				Drive(wire.WithToken(ctx, token))
			if err != nil {
				return err
			}
			c.streams[i] = stream
			if err := greet(stream, string(taxiID(base+i))); err != nil {
				return err
			}
		}
		return nil
	})
	return c
}

func greet(stream driverpb.DriverService_DriveClient, taxi string) error {
	err := stream.Send(&driverpb.DriveRequest{Message: &driverpb.DriveRequest_Hello{
		Hello: &driverpb.Hello{TaxiId: taxi},
	}})
	if err != nil {
		return err
	}
	for range 2 { // welcome, snapshot
		if _, err := stream.Recv(); err != nil {
			return err
		}
	}
	return nil
}

// each does something n times at once.
func (c *crowd) each(n int, do func(k int) error) {
	c.b.Helper()
	var group sync.WaitGroup
	errs := make(chan error, n)
	for k := range n {
		group.Go(func() { errs <- do(k) })
	}
	group.Wait()
	close(errs)
	for err := range errs {
		check(c.b, err)
	}
}

// pump sends messages of so many fixes on every stream, as fast as they are taken, and waits until
// the server has read all of them: it ends the streams.
func (c *crowd) pump(messages, perMessage int) {
	c.b.Helper()
	defer c.close()
	start := time.Now().Add(-20 * time.Second).UnixMilli()
	c.each(len(c.streams), func(k int) error {
		stream := c.streams[k]
		batch := make([]*typepb.Fix, perMessage)
		for j := range batch {
			batch[j] = &typepb.Fix{SpeedMps: 8, HeadingDeg: 45, AccuracyM: 10}
		}
		msg := fixes(batch...)
		lat, lng := 39.8+float64(k%40)*0.005, 116.3+float64(k/40)*0.005
		for i := range messages {
			for j, f := range batch {
				n := i*perMessage + j
				f.AtMs = start + int64(n)
				f.Lat, f.Lng = lat+float64(n)*1e-6, lng+float64(n)*1e-6
			}
			if err := stream.Send(msg); err != nil {
				return err
			}
		}
		if err := stream.CloseSend(); err != nil {
			return err
		}
		for {
			if _, err := stream.Recv(); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
		}
	})
}

func (c *crowd) close() {
	c.cancel()
	for _, conn := range c.conns {
		_ = conn.Close()
	}
}

// measured is one run.
type measured struct{ perSecond, cpuNS float64 }

func (s *benchTarget) run(messages, perMessage int) measured {
	const conns, streams = 16, 100
	c := s.gather(conns, streams, 0)
	cpu, began := s.number("cpu"), time.Now()
	c.pump(messages, perMessage)
	took, n := time.Since(began), float64(conns*streams*messages)
	cpu = s.number("cpu") - cpu
	return measured{n / took.Seconds(), float64(cpu) * 1000 / n}
}

// BenchmarkFixes sends fixes through Drive as fast as it takes them, on 16 connections of 100
// streams from another process on the same machine, in turn with grpc-go's empty handler: a bare
// server's, and one behind the house's own server. The medians of some rounds are reported, and
// what each is to the bare one. Frames of 0 send every message's newest fix on at once.
func BenchmarkFixes(b *testing.B) {
	const rounds, warm = 5, 50
	for _, perMessage := range []int{1, 10} {
		for _, frames := range []string{"50ms", "0s"} {
			b.Run(fmt.Sprintf("fixes=%d/frames=%s", perMessage, frames), func(b *testing.B) {
				roles := []string{"bare", "wire", "drive " + frames}
				results := make([][]measured, len(roles))
				targets := make([]*benchTarget, len(roles))
				for i, role := range roles {
					targets[i] = startBench(b, role)
					targets[i].run(warm, perMessage)
				}
				messages := 300 / min(perMessage, 3)
				for range rounds * b.N {
					for i, target := range targets {
						results[i] = append(results[i], target.run(messages, perMessage))
					}
				}
				report(b, results)
				drive := targets[len(targets)-1]
				sent := float64(rounds*b.N*messages+warm) * 1600 * float64(perMessage)
				b.ReportMetric(float64(drive.number("moves"))/sent, "moves/fix")
				if n := drive.number("refused"); n > 0 {
					b.Errorf("%d fixes were refused", n)
				}
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

func report(b *testing.B, results [][]measured) {
	median := func(runs []measured, of func(measured) float64) float64 {
		values := make([]float64, len(runs))
		for i, r := range runs {
			values[i] = of(r)
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	speed := func(m measured) float64 { return m.perSecond }
	cpu := func(m measured) float64 { return m.cpuNS }
	for i, name := range []string{"bare", "wire", "drive"} {
		b.ReportMetric(median(results[i], speed), name+"-msgs/s")
		b.ReportMetric(median(results[i], cpu), name+"-cpu-ns/msg")
	}
	b.ReportMetric(median(results[2], speed)/median(results[0], speed), "speed-to-bare")
	b.ReportMetric(median(results[2], cpu)/median(results[0], cpu), "cpu-to-bare")
}

// BenchmarkSessionMemory opens many streams, 100 on a connection, to servers in processes of their
// own, and reports what each takes of heap and stacks when all are idle: grpc-go's empty handler,
// bare and behind the house's server, and a session on duty whose taxi has sent a fix.
func BenchmarkSessionMemory(b *testing.B) {
	for _, streams := range []int{10_000, benchDrivers} {
		b.Run(fmt.Sprintf("streams=%d", streams), func(b *testing.B) {
			total := map[string]float64{}
			for _, role := range []string{"bare", "wire", "drive 50ms"} {
				name, _, _ := strings.Cut(role, " ")
				target := startBench(b, role)
				heap, stacks := target.number("heap"), target.number("stacks")
				c := target.gather(streams/100, 100, 0)
				c.each(len(c.streams), func(k int) error { // one fix each
					at := time.Now().UnixMilli()
					return c.streams[k].Send(fixes(&typepb.Fix{Lat: 39.9, Lng: 116.4, AtMs: at}))
				})
				eventually(b, "all fixes are read", func() bool {
					return target.number("sessions") == int64(streams) &&
						(name != "drive" || target.number("accepted") == int64(streams))
				})
				each := func(question string, was int64) float64 {
					return float64(target.number(question)-was) / float64(streams)
				}
				ofHeap, ofStacks := each("heap", heap), each("stacks", stacks)
				b.ReportMetric(ofHeap, name+"-heap-B")
				b.ReportMetric(ofStacks, name+"-stack-B")
				total[name] = ofHeap + ofStacks
				c.close()
			}
			b.ReportMetric(total["drive"]/total["bare"], "to-bare")
			b.ReportMetric(total["drive"]/total["wire"], "to-wire")
			b.ReportMetric(0, "ns/op")
		})
	}
}
