package main

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	driverpb "hexhail/pb/hexhail/driver/v1"
	opspb "hexhail/pb/hexhail/ops/v1"
	riderpb "hexhail/pb/hexhail/rider/v1"
)

// receiptTable has receipts, and what taxis print.
func receiptTable() map[string][]variant {
	const rider, driver = "hexhail.rider.v1.RiderService.", "hexhail.driver.v1.DriverService."
	shows := func(w who) func(*cast) map[who][]string {
		return func(c *cast) map[who][]string {
			return map[who][]string{w: {
				string(c.ride), c.plate(driverOne), c.name(driverOne), `"meter"`, "出租车行程收据",
			}}
		}
	}
	kept := func(w who) func(*cast) map[who][]string {
		return func(*cast) map[who][]string { return map[who][]string{w: {`"12345678"`}} }
	}
	return map[string][]variant{
		rider + "GetReceipt": {{
			stage: settled, owner: riderOne, shows: shows(riderOne),
			request: same(func(c *cast) proto.Message {
				return &riderpb.GetReceiptRequest{RideId: string(c.ride)}
			}),
		}},
		"hexhail.ops.v1.OpsService.GetReceipt": {{
			stage: settled, shows: shows(staff),
			request: same(func(c *cast) proto.Message {
				return &opspb.GetReceiptRequest{RideId: string(c.ride)}
			}),
		}},
		rider + "AddReceiptNumber": {{
			stage: settled, owner: riderOne, shows: kept(riderOne),
			request: same(func(c *cast) proto.Message {
				return &riderpb.AddReceiptNumberRequest{
					RequestId: "fresh", RideId: string(c.ride), Number: "12345678",
					Code: c.rollCode(),
				}
			}),
		}},
		driver + "AddReceiptNumber": {{
			stage: settled, owner: driverOne, shows: kept(driverOne),
			request: same(func(c *cast) proto.Message {
				return &driverpb.AddReceiptNumberRequest{
					RequestId: "fresh", RideId: string(c.ride), Number: "12345678",
					Code: c.rollCode(),
				}
			}),
		}},
	}
}

// rollCode is the code of the roll in driverOne's taxi.
func (c *cast) rollCode() string { return fmt.Sprintf("%010d", c.n) }
