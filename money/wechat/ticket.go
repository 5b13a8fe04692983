package wechat

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/wechatpay-apiv3/wechatpay-go/utils"
)

// maxTicket is how many bytes of a ticket we take from WeChat.
const maxTicket = 1 << 10

var errNoTicket = errors.New("the answer has no ticket")

// appTicket is what an app hands to WeChat's (PayReq of its SDK).
type appTicket struct {
	App      string `json:"appid"`
	Merchant string `json:"partnerid"`
	Prepay   string `json:"prepayid"`
	Package  string `json:"package"`
	Nonce    string `json:"noncestr"`
	At       string `json:"timestamp"` // seconds since 1970
	Sign     string `json:"sign"`
}

// pageTicket is what a page or mini program hands to WeixinJSBridge or wx.requestPayment.
type pageTicket struct {
	App     string `json:"appId"`
	At      string `json:"timeStamp"`
	Nonce   string `json:"nonceStr"`
	Package string `json:"package"`
	Type    string `json:"signType"`
	Sign    string `json:"paySign"`
}

// appTicket signs an order for WeChat's app. The library does the same, by the machine's clock.
func (c *Client) appTicket(ctx context.Context, o order, prepay string) (string, error) {
	at, nonce, err := c.stamp()
	if err != nil {
		return "", err
	}
	sign, err := o.sign(ctx, o.app, at, nonce, prepay)
	if err != nil {
		return "", err
	}
	return asTicket(appTicket{
		App: o.app, Merchant: o.MchID, Prepay: prepay, Package: "Sign=WXPay", Nonce: nonce,
		At: at, Sign: sign,
	}, prepay)
}

// pageTicket signs an order for a page in WeChat's app.
func (c *Client) pageTicket(ctx context.Context, o order, prepay string) (string, error) {
	at, nonce, err := c.stamp()
	if err != nil {
		return "", err
	}
	pack := "prepay_id=" + prepay
	sign, err := o.sign(ctx, o.app, at, nonce, pack)
	if err != nil {
		return "", err
	}
	return asTicket(pageTicket{
		App: o.app, At: at, Nonce: nonce, Package: pack, Type: "RSA", Sign: sign,
	}, prepay)
}

func (c *Client) stamp() (at, nonce string, err error) {
	nonce, err = utils.GenerateNonce()
	return strconv.FormatInt(c.config.Clock().Unix(), 10), nonce, err
}

// sign signs four lines with the merchant's key.
func (a *account) sign(ctx context.Context, app, at, nonce, what string) (string, error) {
	signed, err := a.api.Sign(ctx, app+"\n"+at+"\n"+nonce+"\n"+what+"\n")
	if err != nil {
		return "", err
	}
	return signed.Signature, nil
}

func asTicket(ticket any, prepay string) (string, error) {
	if prepay == "" || len(prepay) > maxTicket {
		return "", errNoTicket
	}
	text, err := json.Marshal(ticket)
	return string(text), err
}
