package ops

import (
	"context"
	"errors"
	"fmt"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/wire"
)

// LaunchDraw begins a daily draw, or adds days to it.
func (s *Server) LaunchDraw(
	ctx context.Context, in *opspb.LaunchDrawRequest,
) (*opspb.LaunchDrawResponse, error) {
	identity := wire.CallerOf(ctx).Identity()
	if identity == "" {
		return nil, errNobody()
	}
	d := in.GetDraw()
	draw, err := s.config.Desk.LaunchDraw(ctx, s.now(),
		dispatch.Once{Identity: identity, RequestID: in.GetRequestId()},
		money.Draw{
			ID: money.DrawID(d.GetId()), Version: int(d.GetVersion()), Name: d.GetName(),
			City: d.GetCity(), Sponsor: money.Party(d.GetSponsor()),
			Channel: money.ChannelName(d.GetChannel()), Slots: int(d.GetSlots()),
			MaxWin: money.Fen(d.GetMaxWinFen()), NumberIs: d.GetNumberIs(),
			FirstDay: money.Day(d.GetFirstDay()), LastDay: money.Day(d.GetLastDay()),
		})
	if err != nil {
		return nil, drawFault("draw.", err)
	}
	return &opspb.LaunchDrawResponse{Draw: &opspb.Draw{
		Id: string(draw.ID), Version: int32Of(draw.Version), Name: draw.Name, City: draw.City,
		Sponsor: string(draw.Sponsor), Channel: string(draw.Channel), Slots: int32Of(draw.Slots),
		MaxWinFen: int64(draw.MaxWin), NumberIs: draw.NumberIs,
		FirstDay: string(draw.FirstDay), LastDay: string(draw.LastDay),
	}}, nil
}

// drawFault names the field of the request that a draw is refused for.
func drawFault(prefix string, err error) error {
	var bad *money.DrawError
	if !errors.As(err, &bad) {
		return err
	}
	field := bad.Field
	if field == "max_win" {
		field = "max_win_fen"
	}
	named := dispatch.BadField(prefix+field, bad.Limit)
	named.Reason, named.Cause = dispatch.ReasonDraw, err
	return named
}

// EnterDrawNumber gives a day of a draw its public number.
func (s *Server) EnterDrawNumber(
	ctx context.Context, in *opspb.EnterDrawNumberRequest,
) (*opspb.EnterDrawNumberResponse, error) {
	identity := wire.CallerOf(ctx).Identity()
	if identity == "" {
		return nil, errNobody()
	}
	day, err := s.config.Desk.EnterNumber(ctx, s.now(),
		dispatch.Once{Identity: identity, RequestID: in.GetRequestId()},
		dispatch.EnterNumber{
			City: dispatch.CityID(in.GetCity()), Day: money.Day(in.GetDay()),
			Number: in.GetNumber(),
		})
	if err != nil {
		return nil, drawFault("", err)
	}
	return &opspb.EnterDrawNumberResponse{Day: drawDayPB(day, nil)}, nil
}

// EndDraw takes back the days of a draw that have not begun.
func (s *Server) EndDraw(
	ctx context.Context, in *opspb.EndDrawRequest,
) (*opspb.EndDrawResponse, error) {
	identity := wire.CallerOf(ctx).Identity()
	if identity == "" {
		return nil, errNobody()
	}
	ended, err := s.config.Desk.EndDraw(ctx, s.now(),
		dispatch.Once{Identity: identity, RequestID: in.GetRequestId()},
		dispatch.EndDraw{
			City: dispatch.CityID(in.GetCity()), ID: money.DrawID(in.GetDrawId()),
		})
	if err != nil {
		return nil, err
	}
	return &opspb.EndDrawResponse{
		CancelledDays: int32Of(ended.Cancelled), ReturnedFen: int64(ended.Returned),
	}, nil
}

// ListDrawDays reads the days of a city's draws, with what was won on them.
func (s *Server) ListDrawDays(
	ctx context.Context, in *opspb.ListDrawDaysRequest,
) (*opspb.ListDrawDaysResponse, error) {
	city, err := s.config.Cities.City(dispatch.CityID(in.GetCity()))
	if err != nil {
		return nil, err
	}
	from, to := money.Day(in.GetFromDay()), money.Day(in.GetToDay())
	if n := from.Until(to); n < 1 || n > money.MaxDrawDays {
		return nil, dispatch.BadField("to_day", fmt.Sprintf(
			"from_day or after it, and at most %d days in all", money.MaxDrawDays))
	}
	days, err := s.config.Reads.CityDrawDays(ctx, city.ID, from, to)
	if err != nil {
		return nil, err
	}
	out := &opspb.ListDrawDaysResponse{}
	err = s.config.Store.View(ctx, func(tx dispatch.Tx) error {
		out.Days = nil
		for _, day := range days {
			var wins []money.Win
			if day.State.Revealed() {
				if wins, err = tx.Wins(day.Draw, day.Day); err != nil {
					return err
				}
			}
			out.Days = append(out.Days, drawDayPB(day, wins))
		}
		return nil
	})
	return out, err
}

func drawDayPB(d money.DrawDay, wins []money.Win) *opspb.DrawDay {
	pb := &opspb.DrawDay{
		DrawId: string(d.Draw), Day: string(d.Day), City: d.City,
		State:      opspb.DrawState(d.State), //nolint:gosec // G115: one of five
		Commitment: d.Secret.Commitment(), NumberIs: d.NumberIs, Lots: int64(d.Lots),
		List: d.List, Number: d.Number, FrozenAt: wire.TimePB(d.FrozenAt),
		DrawnAt: wire.TimePB(d.DrawnAt),
	}
	for _, w := range wins {
		pb.Wins = append(pb.Wins, &opspb.DrawWin{
			Slot: int32Of(w.Slot), Code: w.Code, RideId: string(w.Subject),
			WonFen: int64(w.Amount), SentFen: int64(w.Sent), RefundId: string(w.Refund),
		})
	}
	return pb
}
