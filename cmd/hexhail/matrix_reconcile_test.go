package main

import (
	"context"

	"google.golang.org/protobuf/proto"

	"hexhail/money"
	"hexhail/money/standin"
	opspb "hexhail/pb/hexhail/ops/v1"
)

// reconcileTable has the requests about the bills of channels.
func reconcileTable() map[string][]variant {
	const service = "hexhail.ops.v1.OpsService."
	staffs := func(request func(c *cast) proto.Message, shows string) []variant {
		return []variant{{
			stage: searching, request: same(request),
			shows: func(*cast) map[who][]string { return map[who][]string{staff: {shows}} },
		}}
	}
	return map[string][]variant{
		service + "ReconcileBill": staffs(func(*cast) proto.Message {
			return &opspb.ReconcileBillRequest{Channel: "wechat", Day: "2014-01-10"}
		}, `"bill"`),
		service + "ImportBill": {{
			stage: searching, request: func(*cast, who) []proto.Message {
				text := standin.WeChatBill("1900000001", "wx8888888888888888", nil)
				return []proto.Message{
					&opspb.ImportBillRequest{Part: &opspb.ImportBillRequest_Bill{
						Bill: &opspb.BillName{Channel: "wechat", Day: "2014-01-11"},
					}},
					&opspb.ImportBillRequest{Part: &opspb.ImportBillRequest_Chunk{
						Chunk: []byte(text),
					}},
				}
			},
			shows: func(*cast) map[who][]string { return map[who][]string{staff: {`"bill"`}} },
		}},
		service + "ListBills": staffs(func(*cast) proto.Message {
			return &opspb.ListBillsRequest{}
		}, `{`),
		service + "ListDifferences": staffs(func(c *cast) proto.Message {
			c.difference()
			return &opspb.ListDifferencesRequest{PageSize: 200}
		}, `"missing_at_us"`),
		service + "ApproveDifference": staffs(func(c *cast) proto.Message {
			return &opspb.ApproveDifferenceRequest{
				RequestId: "fresh", DifferenceId: c.difference(), Note: "why",
			}
		}, `"booked"`),
	}
}

// difference makes up a row of a bill that nobody knows, and is the id of its difference.
func (c *cast) difference() string {
	c.t.Helper()
	now := c.service.clock.Now()
	row := money.BillRow{
		Kind: money.NoticeCharge, Order: c.fresh(), Trade: "T", Amount: 100, Fee: 1, At: now,
	}
	id := money.BillID{Channel: money.WeChat, Day: "2014-01-09"}
	ours := money.Ours{Kind: row.Kind, Number: row.Order}
	d := id.Differs(row, ours, money.Compare(row, ours), now)
	kept := money.KeptRow{BillRow: row, Day: id.Day, State: money.RowOpen}
	c.ok(c.service.db.MoneyTx(context.Background(), func(tx money.Tx) error {
		if err := tx.InsertRows(id, []money.KeptRow{kept}); err != nil {
			return err
		}
		return tx.InsertDifference(d)
	}))
	return string(d.ID)
}
