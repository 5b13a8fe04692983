package standin

import (
	"archive/zip"
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"hexhail/money"
)

// alipayBill is a bill whose address was told.
type alipayBill struct {
	merchant alipayMerchant
	day      time.Time
	until    time.Time // its address is good
	fault    Fault
}

// billAddressFor is how long a bill's address is good.
const billAddressFor = 30 * time.Second

// billAddress tells where a day's bill is, once the day is over.
func (a *Alipay) billAddress(ask alipayAsk) alipayAnswer {
	day, err := time.ParseInLocation(time.DateOnly, ask.BillDate, beijing)
	if err != nil || ask.BillType != "trade" {
		return refused("40004", "isv.invalid-arguments")
	}
	if ask.now.Before(day.AddDate(0, 0, 1)) && !a.EarlyBills {
		return refused("40004", "isp.bill_not_exist")
	}
	a.mu.Lock()
	a.made++
	token := a.ticket("bill", ask.merchant.app, ask.BillDate, pad(a.made, 12))
	room(a.bills)
	a.bills[token] = alipayBill{ask.merchant, day, ask.now.Add(billAddressFor), ask.fault}
	a.mu.Unlock()
	return done(alipayAnswer{"bill_download_url": "http://" + ask.host + "/alipay/bill/" + token})
}

// download sends a bill, with the fault in it that its address was asked for with.
func (a *Alipay) download(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	bill, ok := a.bills[r.PathValue("token")]
	a.mu.Unlock()
	if !ok || !a.Clock().Before(bill.until) {
		http.Error(w, "no such bill", http.StatusNotFound)
		return
	}
	fault := a.Script.Next(CallDownload, bill.day.Format(time.DateOnly))
	cut(r, fault, false)
	rows, err := a.Book.BillRows(money.Alipay, bill.merchant.seller, bill.day,
		bill.day.AddDate(0, 0, 1), bill.merchant.fee)
	if err != nil {
		http.Error(w, "no bill", http.StatusInternalServerError)
		return
	}
	cut(r, fault, true)
	packed, err := packBill(bill, spoil(rows, bill.fault))
	if err != nil {
		http.Error(w, "no bill", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/zip")
	_, _ = w.Write(packed)
}

// spoil changes every tenth row as the fault says.
func spoil(rows []money.BillRow, fault Fault) []money.BillRow {
	var all []money.BillRow
	for i, row := range rows {
		tenth := i%10 == 9
		switch {
		case tenth && fault == BillMissing:
			continue
		case tenth && fault == BillChanged:
			row.Amount++
		case tenth && fault == BillExtra:
			more := row
			more.Order, more.Trade = "EXTRA"+row.Order, "9"+row.Trade
			all = append(all, more)
		}
		all = append(all, row)
	}
	return all
}

// billColumns are the columns of Alipay's bill of trades, in its order.
const billColumns = "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称," +
	"操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）," +
	"商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号," +
	"服务费（元）,分润（元）,备注"

// billText is the file of rows, as Alipay writes it.
func billText(bill alipayBill, rows []money.BillRow) string {
	var b strings.Builder
	header := billColumns
	switch bill.fault {
	case BillOtherColumn:
		header = strings.Replace(header, "商家实收（元）", "实收（元）", 1)
	case BillMoreColumns:
		header = "新列," + header + ",又一列"
	default:
	}
	first := bill.day.Format("2006年01月02日 15:04:05")
	last := bill.day.AddDate(0, 0, 1).Format("2006年01月02日 15:04:05")
	fmt.Fprintf(&b, "#支付宝业务明细查询\r\n#账号：[%s0156]\r\n", bill.merchant.seller)
	fmt.Fprintf(&b, "#起始日期：[%s]   终止日期：[%s]\r\n", first, last)
	b.WriteString("#-----------------------------------------业务明细列表" +
		"----------------------------------------\r\n" + header + "\r\n")
	var count [2]int
	var sum [2]money.Fen
	for _, row := range rows {
		line := billLine(row)
		if bill.fault == BillMoreColumns {
			line = "x," + line + ",y"
		}
		b.WriteString(line + "\r\n")
		kind, amount := 0, row.Amount
		if row.Kind == money.NoticeRefund {
			kind, amount = 1, -amount
		}
		count[kind]++
		sum[kind] += amount
	}
	text := b.String()
	if bill.fault == BillCut {
		return text[:len(text)-len(text)/8-3]
	}
	return text + fmt.Sprintf("#-----------------------------------------业务明细列表结束"+
		"------------------------------------\r\n"+
		"#交易合计：%d笔，商家实收共%s元，商家优惠共0.00元\r\n"+
		"#退款合计：%d笔，商家实收退款共%s元，商家优惠退款共0.00元\r\n#导出时间：[%s]\r\n",
		count[0], sum[0], count[1], sum[1], last)
}

// billLine is one row. Amounts are seen from the merchant's account.
func billLine(row money.BillRow) string {
	kind, order, batch, amount := "交易", row.Order, "", row.Amount
	if row.Kind == money.NoticeRefund {
		kind, order, batch, amount = "退款", row.Of, row.Order+"\t", -row.Amount
	}
	at := row.At.In(beijing).Format(time.DateTime)
	return strings.Join([]string{
		row.Trade + "\t", order + "\t", kind, "出租车费", at, at, "", "", "", "",
		"pay***@example.com", amount.String(), amount.String(), "0.00", "0.00", "0.00", "0.00",
		"0.00", "", "0.00", "0.00", batch, (-row.Fee).String(), "0.00", "",
	}, ",")
}

// packBill packs a bill as Alipay does: the rows and the sums, in GBK.
func packBill(bill alipayBill, rows []money.BillRow) ([]byte, error) {
	var packed bytes.Buffer
	files := zip.NewWriter(&packed)
	name := bill.merchant.seller + "0156_" + bill.day.Format("20060102") + "_"
	for _, f := range []struct{ name, text string }{
		{name + "业务明细(汇总).csv", "#支付宝业务汇总查询\r\n"},
		{name + "业务明细.csv", billText(bill, rows)},
	} {
		gbk := simplifiedchinese.GBK.NewEncoder()
		named, err := gbk.String(f.name)
		if err != nil {
			return nil, err
		}
		text, err := gbk.String(f.text)
		if err != nil {
			return nil, err
		}
		to, err := files.CreateHeader(&zip.FileHeader{
			Name: named, NonUTF8: true, Method: zip.Deflate,
		})
		if err != nil {
			return nil, err
		}
		if _, err := to.Write([]byte(text)); err != nil {
			return nil, err
		}
	}
	if err := files.Close(); err != nil {
		return nil, err
	}
	text := packed.Bytes()
	if bill.fault == BillWrongHash { // the zip's own: a flipped bit in the middle of its content
		text[len(text)/2] ^= 0x10
	}
	return text, nil
}
