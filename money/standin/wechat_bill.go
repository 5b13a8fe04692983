package standin

import (
	"bytes"
	"compress/gzip"
	"crypto/sha1" //nolint:gosec // G505: the hash that WeChat tells of a bill
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"hexhail/money"
)

// maxBillTexts is how many announced bills wait to be downloaded; the older ones are forgotten.
const maxBillTexts = 32

// tradeBill announces a day's bill: where it is, and its hash.
func (x exchange) tradeBill() reply {
	q := x.request.URL.Query()
	day, err := time.ParseInLocation(time.DateOnly, q.Get("bill_date"), wechatZone)
	switch {
	case err != nil || q.Get("bill_type") != "ALL" || q.Get("tar_type") != "GZIP":
		return refuse(http.StatusBadRequest, "PARAM_ERROR", "bill_date, bill_type, tar_type")
	case !x.now.After(day.AddDate(0, 0, 1)) && !x.config.EarlyBills:
		return refuse(http.StatusBadRequest, "STATEMENT_CREATING", "账单生成中")
	}
	rows, err := x.config.Book.BillRows(
		money.WeChat, x.merchant.MchID, day, day.AddDate(0, 0, 1), x.config.Fee)
	if err != nil {
		return said(err)
	}
	if len(rows) == 0 {
		return refuse(http.StatusBadRequest, "NO_STATEMENT_EXIST", "账单不存在")
	}
	faults := x.billFaults()
	text := WeChatBill(x.merchant.MchID, x.merchant.Apps[0], FaultyRows(rows, faults...), faults...)
	//nolint:gosec // G401: WeChat's choice
	sum := sha1.Sum([]byte(text))
	if slices.Contains(faults, BillWrongHash) {
		sum[0]++
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.tokens++
	delete(x.bills, strconv.FormatInt(x.tokens-maxBillTexts, 10))
	token := strconv.FormatInt(x.tokens, 10)
	x.bills[token] = text
	return reply{http.StatusOK, map[string]any{
		"hash_type": "SHA1", "hash_value": hex.EncodeToString(sum[:]),
		"download_url": "https://api.mch.weixin.qq.com/v3/billdownload/file?token=" + token,
	}, nil}
}

// billFaults are all that the script has for the next bill.
func (x exchange) billFaults() []Fault {
	var all []Fault
	for f := x.fault; slices.Contains(BillFaults(), f) && !slices.Contains(all, f); {
		all = append(all, f)
		f = x.config.Script.Next(CallBill, "")
	}
	return all
}

// download sends a bill that was announced, packed and not signed.
func (x exchange) download() reply {
	x.mu.Lock()
	text, ok := x.bills[x.request.URL.Query().Get("token")]
	x.mu.Unlock()
	if !ok {
		return refuse(http.StatusNotFound, "RESOURCE_NOT_EXISTS", "账单不存在")
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write([]byte(text)) // memory takes all
	_ = w.Close()
	return reply{status: http.StatusOK, raw: packed.Bytes()}
}

// faultyRows is how many rows of a bill each fault meets.
const faultyRows = 10

// FaultyRows are the rows of a bill in which some are missing, changed by a fen, or of orders that
// nobody made: ten each, never the same one twice, as far as there are enough.
func FaultyRows(rows []money.BillRow, faults ...Fault) []money.BillRow {
	rows = slices.Clone(rows)
	step := max(len(rows)/(3*faultyRows), 1)
	if slices.Contains(faults, BillChanged) {
		for i := range faultyRows {
			if at := (3*i + 1) * step; at < len(rows) {
				rows[at].Amount++
			}
		}
	}
	var extra []money.BillRow
	for i := range min(faultyRows, len(rows)) {
		row := rows[min((3*i+2)*step, len(rows)-1)]
		row.Kind, row.Order, row.Of = money.NoticeCharge, "NOTOURS"+strconv.Itoa(i), ""
		row.Trade += "X" + strconv.Itoa(i)
		row.Fee = max(row.Fee, -row.Fee)
		extra = append(extra, row)
	}
	if slices.Contains(faults, BillMissing) {
		for i := faultyRows - 1; i >= 0; i-- { // from the end: what comes before stays where it is
			if at := 3 * i * step; at < len(rows) {
				rows = slices.Delete(rows, at, at+1)
			}
		}
	}
	if slices.Contains(faults, BillExtra) {
		rows = append(rows, extra...)
	}
	return rows
}

// wechatColumns are those of WeChat's trade bills, in its order.
var wechatColumns = []string{
	"交易时间", "公众账号ID", "商户号", "特约商户号", "设备号", "微信订单号", "商户订单号",
	"用户标识", "交易类型", "交易状态", "付款银行", "货币种类", "应结订单金额", "代金券金额",
	"微信退款单号", "商户退款单号", "退款金额", "充值券退款金额", "退款类型", "退款状态",
	"商品名称", "商户数据包", "手续费", "费率", "订单金额", "申请退款金额", "费率备注",
}

// WeChatBill writes rows as WeChat's trade bill: UTF-8 with a byte order mark, a backtick before
// each field, the sums at its end. faults are those of the text.
func WeChatBill(mchid, app string, rows []money.BillRow, faults ...Fault) string {
	columns := slices.Clone(wechatColumns)
	if slices.Contains(faults, BillOtherColumn) {
		columns[slices.Index(columns, "应结订单金额")] = "结算金额"
	}
	more := slices.Contains(faults, BillMoreColumns)
	if more {
		columns = append([]string{"序号"}, append(columns, "备注")...)
	}
	var b strings.Builder
	b.WriteString("\ufeff" + strings.Join(columns, ",") + "\r\n")
	var paid, back, fees money.Fen
	for i, row := range rows {
		fields := billFields(mchid, app, row)
		if more {
			fields = append([]string{strconv.Itoa(i + 1)}, append(fields, "")...)
		}
		b.WriteString("`" + strings.Join(fields, ",`") + "\r\n")
		if row.Kind == money.NoticeRefund {
			back += row.Amount
		} else {
			paid += row.Amount
		}
		fees += row.Fee
	}
	b.WriteString("总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额," +
		"申请退款总金额\r\n")
	b.WriteString("`" + strings.Join([]string{
		strconv.Itoa(len(rows)), paid.String(), back.String(), "0.00", fees.String() + "000",
		paid.String(), back.String(),
	}, ",`") + "\r\n")
	text := b.String()
	if slices.Contains(faults, BillCut) {
		text = text[:len(text)*2/3]
	}
	if slices.Contains(faults, BillGBK) {
		if gbk, err := simplifiedchinese.GBK.NewEncoder().String(
			strings.TrimPrefix(text, "\ufeff")); err == nil {
			text = gbk
		}
	}
	return text
}

// billFields are the fields of a row, in the order of wechatColumns.
func billFields(mchid, app string, row money.BillRow) []string {
	trade, order, state, amount := row.Trade, row.Order, "SUCCESS", row.Amount
	refund := []string{"0", "0", "0.00", "0.00", "", ""}
	asked := "0.00"
	if row.Kind == money.NoticeRefund {
		trade, order, state, amount = "", row.Of, "REFUND", 0
		refund = []string{
			row.Trade, row.Order, row.Amount.String(), "0.00", "ORIGINAL", "SUCCESS",
		}
		asked = row.Amount.String()
	}
	fields := []string{
		row.At.In(wechatZone).Format(time.DateTime), app, mchid, "0", "", trade, order, "payer",
		"APP", state, "OTHERS", "CNY", amount.String(), "0.00",
	}
	fields = append(fields, refund...)
	return append(fields, "出租车费, 含高速费", "", row.Fee.String()+"000", "0.60%",
		amount.String(), asked, "")
}
