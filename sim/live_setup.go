package sim

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

const (
	// clockLooks is how often the city's clock is read: the quickest answer counts.
	clockLooks = 5
	// tellers are the ops people who do what needs a call for every rider: one alone may only make
	// so many calls a second.
	tellers = 8
	// opsAtOnce is how many calls they make at the same time.
	opsAtOnce = 64
	// importRows and importBytes are the most of a message of an import.
	importRows, importBytes = 1000, 48 << 10
	// maxTopUp is the most that a wallet gets at once.
	maxTopUp = 1_000_000
	// company is whom the simulated drivers work for.
	company = "sim"
)

// setUp makes the connections, the people and the money, and reads the city's clock.
func (l *live) setUp(ctx context.Context) error {
	for range callLines {
		if _, err := l.remote.dial(); err != nil {
			return err
		}
	}
	for from := 0; from < len(l.drivers); from += streamsALine {
		conn, err := l.remote.dial()
		if err != nil {
			return err
		}
		n := &line{conn: conn, wake: make(chan struct{}, 1)}
		l.lines = append(l.lines, n)
		l.callers.Go(func() { n.write(l.ctx.Done(), l.late) })
	}
	for _, step := range []func(context.Context) error{
		l.readClock, l.readPolicy, l.audit, l.register, l.launch, l.topUp,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// late notes that something that was due has left just now.
func (l *live) late(due time.Time) { l.lag.add(l.clock.At(l.config.Wall()).Sub(due)) }

// desk is the ops service as one of the tellers calls it.
func (l *live) desk(ctx context.Context, teller int) (
	opspb.OpsServiceClient, context.Context, error,
) {
	token, err := l.token(typepb.Role_ROLE_OPS, fmt.Sprintf("%s-teller-%d", l.tag, teller%tellers))
	conn := l.remote.conns[teller%callLines]
	return opspb.NewOpsServiceClient(conn), wire.WithToken(ctx, token), err
}

// ops makes a call to the ops service until it has an answer.
func (l *live) ops(
	ctx context.Context, try func(context.Context, opspb.OpsServiceClient) error,
) error {
	api, ctx, err := l.desk(ctx, 0)
	if err != nil {
		return err
	}
	return keepTrying(ctx, l.config.Wall, func(ctx context.Context) error { return try(ctx, api) })
}

// readClock learns the city's time: what the clock shows is of the middle of the call.
func (l *live) readClock(ctx context.Context) error {
	best := time.Hour
	for range clockLooks {
		err := l.ops(ctx, func(ctx context.Context, api opspb.OpsServiceClient) error {
			asked := l.config.Wall()
			got, err := api.GetClock(ctx, &opspb.GetClockRequest{})
			took := l.config.Wall().Sub(asked)
			if err == nil && took < best {
				best = took
				l.clock = wire.Clock{
					Epoch: wire.TimeOf(got.GetAt()), Start: asked.Add(took / 2),
					Rate: got.GetRate(),
				}
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	l.now = time.Time{}
	l.tick()
	l.epoch, l.start = l.now, l.now
	l.figures.Speedup = l.clock.Rate
	l.again = max(payAgain, l.cityTime(payAgainLive))
	return l.clock.Check()
}

// readPolicy learns how the city is served.
func (l *live) readPolicy(ctx context.Context) error {
	var got *opspb.ListCitiesResponse
	err := l.ops(ctx, func(ctx context.Context, api opspb.OpsServiceClient) (err error) {
		got, err = api.ListCities(ctx, &opspb.ListCitiesRequest{})
		return err
	})
	if err != nil {
		return err
	}
	for _, city := range got.GetCities() {
		if city.GetId() == string(l.city.ID) {
			policies := []byte(city.GetPoliciesJson())
			l.city.Policies, err = dispatch.ParsePolicies(policies, l.city.Zone)
			return err
		}
	}
	return fmt.Errorf("the server does not serve %s", l.city.ID)
}

func (l *live) audit(ctx context.Context) error {
	return l.ops(ctx, func(ctx context.Context, api opspb.OpsServiceClient) (err error) {
		l.before, err = api.AuditBooks(ctx, &opspb.AuditBooksRequest{})
		return err
	})
}

// plate is what riders know a taxi by: no two runs on one server have the same.
func (l *live) plate(d *driver) string { return fmt.Sprintf("%sT%06d", l.tag, d.who) }

// register imports the company, the drivers, the taxis and the riders.
func (l *live) register(ctx context.Context) error {
	drivers := make([]*opspb.Driver, len(l.drivers))
	taxis := make([]*opspb.Taxi, len(l.drivers))
	for i := range l.drivers {
		d := &l.drivers[i]
		drivers[i] = &opspb.Driver{
			Id: string(d.id), City: string(l.city.ID), Name: string(d.id), Company: company,
		}
		taxis[i] = &opspb.Taxi{
			Id: string(d.taxi), City: string(l.city.ID), Plate: l.plate(d),
			Seats: int32(d.seats), //nolint:gosec // G115: 1 to 8
		}
	}
	riders := make([]*opspb.Rider, len(l.riders))
	for i := range l.riders {
		riders[i] = &opspb.Rider{Id: string(l.riders[i].id), Name: string(l.riders[i].id)}
	}
	api, ctx, err := l.desk(ctx, 0)
	if err != nil {
		return err
	}
	companies := []*opspb.Company{{Id: company, Name: "Simulated Taxis"}}
	for _, load := range []func(context.Context) error{
		importing(api.ImportCompanies, companies,
			func(rows []*opspb.Company) *opspb.ImportCompaniesRequest {
				return &opspb.ImportCompaniesRequest{Rows: rows}
			}),
		importing(api.ImportDrivers, drivers,
			func(rows []*opspb.Driver) *opspb.ImportDriversRequest {
				return &opspb.ImportDriversRequest{Rows: rows}
			}),
		importing(api.ImportTaxis, taxis,
			func(rows []*opspb.Taxi) *opspb.ImportTaxisRequest {
				return &opspb.ImportTaxisRequest{Rows: rows}
			}),
		importing(api.ImportRiders, riders,
			func(rows []*opspb.Rider) *opspb.ImportRidersRequest {
				return &opspb.ImportRidersRequest{Rows: rows}
			}),
	} {
		if err := load(ctx); err != nil {
			return err
		}
	}
	return nil
}

// importing sends rows in messages that are as large as they may be.
func importing[Row proto.Message, Req, Resp any](
	open func(context.Context, ...grpc.CallOption) (grpc.ClientStreamingClient[Req, Resp], error),
	rows []Row, message func([]Row) *Req,
) func(context.Context) error {
	return func(ctx context.Context) error {
		stream, err := open(ctx)
		if err != nil {
			return err
		}
		for len(rows) > 0 {
			n, size := 0, 0
			for n < min(len(rows), importRows) && size < importBytes {
				size += proto.Size(rows[n]) + 4
				n++
			}
			if stream.Send(message(rows[:n])) != nil {
				break // the answer tells why
			}
			rows = rows[n:]
		}
		_, err = stream.CloseAndRecv()
		return err
	}
}

// launch begins the campaign, unless one is running already.
func (l *live) launch(ctx context.Context) error {
	return l.ops(ctx, func(ctx context.Context, api opspb.OpsServiceClient) error {
		got, err := api.ListCampaigns(ctx, &opspb.ListCampaignsRequest{City: string(l.city.ID)})
		if err != nil {
			return err
		}
		day := l.now
		if l.first.After(day) {
			day = l.first
		}
		c := l.campaign(day)
		for _, has := range got.GetCampaigns() {
			begins, ends := wire.TimeOf(has.GetStartsAt()), wire.TimeOf(has.GetEndsAt())
			if has.GetChannel() == string(c.Channel) && !begins.After(day) && ends.After(day) {
				return nil
			}
			if has.GetId() == string(c.ID) {
				c.ID = money.CampaignID(l.tag)
			}
		}
		_, err = api.LaunchCampaign(ctx, &opspb.LaunchCampaignRequest{
			RequestId: l.tag, Campaign: &opspb.Campaign{
				Id: string(c.ID), Version: 1, City: c.City, Sponsor: string(c.Sponsor),
				Channel: string(c.Channel), RiderFen: int64(c.Rider.Fixed),
				DriverFen: int64(c.Driver.Fixed),
				CapFen:    int64(c.Cap), StartsAt: timestamppb.New(c.StartsAt),
				EndsAt: timestamppb.New(c.EndsAt),
			},
		})
		if err == nil {
			l.tally.sponsored = l.do.Budget
		}
		return err
	})
}

// topUp fills the riders' wallets.
func (l *live) topUp(ctx context.Context) error {
	return l.each(ctx, len(l.riders), func(
		ctx context.Context, api opspb.OpsServiceClient, i int,
	) error {
		rider := string(l.riders[i].id)
		for left, n := int64(l.do.RiderBalance), 0; left > 0; n++ {
			amount := min(left, maxTopUp)
			left -= amount
			_, err := api.TopUpWallet(ctx, &opspb.TopUpWalletRequest{
				RequestId: fmt.Sprintf("%s-%d", rider, n), RiderId: rider, AmountFen: amount,
			})
			if err != nil {
				return err
			}
		}
		return nil
	}, func(int) { l.tally.funded += l.do.RiderBalance })
}

// each calls the ops service for 0 to n−1, many at once, each until it has an answer; then done is
// called for each.
func (l *live) each(
	ctx context.Context, n int,
	try func(context.Context, opspb.OpsServiceClient, int) error, done func(int),
) error {
	group, ctx := errgroup.WithContext(ctx)
	next := make(chan int)
	for worker := range opsAtOnce {
		api, ctx, err := l.desk(ctx, worker)
		if err != nil {
			return err
		}
		group.Go(func() error {
			for i := range next {
				err := keepTrying(ctx, l.config.Wall, func(ctx context.Context) error {
					return try(ctx, api, i)
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	group.Go(func() error {
		defer close(next)
		for i := range n {
			select {
			case next <- i:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	if err := group.Wait(); err != nil {
		return err
	}
	for i := range n {
		done(i)
	}
	return nil
}
