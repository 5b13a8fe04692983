package ops

import (
	"context"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/wire"
)

// GiveHongbaos gives each of some riders a hongbao. Its entry's id is made from the caller and the
// request id, so that the ledger itself books it once, even after the answer that is kept has been
// forgotten.
func (s *Server) GiveHongbaos(
	ctx context.Context, in *opspb.GiveHongbaosRequest,
) (*opspb.GiveHongbaosResponse, error) {
	city, err := s.config.Cities.City(dispatch.CityID(in.GetCity()))
	if err != nil {
		return nil, err
	}
	type command struct {
		Riders []string
		Each   money.Hongbao
	}
	c := command{in.GetRiderIds(), money.Hongbao{
		City: string(city.ID), Sponsor: money.Party(in.GetSponsor()),
		Amount: money.Fen(in.GetAmountFen()), TitleEN: in.GetTitleEn(), TitleZH: in.GetTitleZh(),
		ExpiresAt: wire.TimeOf(in.GetExpiresAt()),
	}}
	ids, err := once(ctx, s, "GiveHongbaos", in.GetRequestId(), c,
		func(tx dispatch.Tx, now time.Time, key string) (ids []string, err error) {
			list := make([]money.Hongbao, len(c.Riders))
			for i, id := range c.Riders {
				if _, err := tx.Rider(dispatch.RiderID(id)); err != nil {
					return nil, err
				}
				list[i] = c.Each
				list[i].ID = money.HongbaoID(s.config.Desk.NewID(now))
				list[i].Rider = dispatch.RiderParty(dispatch.RiderID(id))
				list[i].GivenAt = now
				ids = append(ids, string(list[i].ID))
			}
			return ids, money.GiveHongbaos(tx, money.EntryID("hongbao/"+key), list, now)
		})
	return &opspb.GiveHongbaosResponse{HongbaoIds: ids}, err
}

// ListHongbaos reads what was given.
func (s *Server) ListHongbaos(
	ctx context.Context, in *opspb.ListHongbaosRequest,
) (*opspb.ListHongbaosResponse, error) {
	list := "ops/hongbaos/" + in.GetRiderId() + "/" + in.GetSponsor()
	page, err := wire.PageOf(list, in.GetPageSize(), in.GetPageToken())
	if err != nil {
		return nil, err
	}
	rows, err := s.config.Reads.Hongbaos(ctx, dispatch.RiderID(in.GetRiderId()),
		money.Party(in.GetSponsor()), page)
	if err != nil {
		return nil, err
	}
	out := &opspb.ListHongbaosResponse{}
	for _, h := range rows {
		out.Hongbaos = append(out.Hongbaos, hongbaoPB(h))
	}
	if len(rows) == page.Limit {
		out.NextPageToken = wire.NextPage(list, string(rows[len(rows)-1].ID))
	}
	return out, nil
}

func hongbaoPB(h money.Hongbao) *opspb.Hongbao {
	return &opspb.Hongbao{
		HongbaoId: string(h.ID), RiderId: string(h.Rider), City: h.City,
		Sponsor: string(h.Sponsor), AmountFen: int64(h.Amount), LeftFen: int64(h.Left),
		HeldFen: int64(h.Held), TitleEn: h.TitleEN, TitleZh: h.TitleZH,
		GivenAt: wire.TimePB(h.GivenAt), ExpiresAt: wire.TimePB(h.ExpiresAt),
	}
}
