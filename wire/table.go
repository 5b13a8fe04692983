package wire

import (
	"slices"
	"time"

	"google.golang.org/grpc/codes"

	"hexhail/dispatch"
)

// ErrorRow is what one reason means to who is refused.
type ErrorRow struct {
	Reason dispatch.Reason
	// Code is the usual code. A command can be refused for the same reason in another way
	// (PAYMENT_STATE for a payment that is not there): then the code is that of the error's kind.
	Code codes.Code
	// Retry says that the same call may succeed when it is made again.
	Retry bool
	// After is the shortest time to wait before a retry, unless the refusal says another.
	After time.Duration
	// EN and ZH are for people. What developers need beside them is the status's message.
	EN, ZH string
}

// ErrorTable is every reason that a call can be refused for, those of dispatch and our own, by
// reason. docs/errors.md is made from it.
func ErrorTable() []ErrorRow {
	rows := slices.Concat(
		valueRows(), rideRows(), regularRows(), moneyRows(), drawRows(), tokenRows(),
		streamRows(), serverRows())
	slices.SortFunc(rows, func(a, b ErrorRow) int {
		switch {
		case a.Reason < b.Reason:
			return -1
		case a.Reason > b.Reason:
			return 1
		default:
			return 0
		}
	})
	return rows
}

// rowByReason is the table for look-up; nothing writes to it.
var rowByReason = indexRows(ErrorTable())

func indexRows(rows []ErrorRow) map[dispatch.Reason]ErrorRow {
	index := make(map[dispatch.Reason]ErrorRow, len(rows))
	for _, row := range rows {
		index[row.Reason] = row
	}
	return index
}

// rowOf is a reason's row; one that the table does not have gets words for anything.
func rowOf(reason dispatch.Reason) ErrorRow {
	if row, ok := rowByReason[reason]; ok {
		return row
	}
	return never(reason, codes.Unknown, "This is not possible.", "操作无法完成。")
}

// again is a row of what may work later.
func again(
	reason dispatch.Reason, code codes.Code, after time.Duration, en, zh string,
) ErrorRow {
	return ErrorRow{Reason: reason, Code: code, Retry: true, After: after, EN: en, ZH: zh}
}

// never is a row of what does not work however often it is tried.
func never(reason dispatch.Reason, code codes.Code, en, zh string) ErrorRow {
	return ErrorRow{Reason: reason, Code: code, EN: en, ZH: zh}
}

// valueRows are what is wrong with a value, whatever the state of the world.
func valueRows() []ErrorRow {
	return []ErrorRow{
		never(dispatch.ReasonField, codes.InvalidArgument,
			"Something in this request is not valid.", "请求内容有误，请检查后重试。"),
		never(dispatch.ReasonPosition, codes.InvalidArgument,
			"This position is not valid.", "位置无效。"),
		never(dispatch.ReasonFix, codes.InvalidArgument,
			"The position report was refused.", "定位信息无效。"),
		never(dispatch.ReasonAmount, codes.InvalidArgument,
			"This amount is not valid.", "金额无效。"),
		never(dispatch.ReasonCampaign, codes.InvalidArgument,
			"This campaign is not valid.", "活动设置无效。"),
		never(dispatch.ReasonRequestReused, codes.InvalidArgument,
			"This request was made before with other content.", "请求编号已被使用，且内容不同。"),
		never(dispatch.ReasonUnknownCity, codes.NotFound,
			"We do not serve this city yet.", "该城市暂未开通服务。"),
		never(dispatch.ReasonUnknownCompany, codes.NotFound,
			"This company does not exist.", "公司不存在。"),
		never(dispatch.ReasonUnknownRider, codes.NotFound,
			"This rider does not exist.", "乘客不存在。"),
		never(dispatch.ReasonUnknownDriver, codes.NotFound,
			"This driver does not exist or has no shift.", "司机不存在或尚未出车。"),
		never(dispatch.ReasonUnknownStand, codes.NotFound,
			"This stand does not exist.", "候客区不存在。"),
		never(dispatch.ReasonUnknownTaxi, codes.NotFound,
			"This taxi does not exist.", "出租车不存在。"),
		never(dispatch.ReasonUnknownRide, codes.NotFound,
			"This ride does not exist.", "订单不存在。"),
		never(dispatch.ReasonUnknownComplaint, codes.NotFound,
			"There is no such complaint.", "投诉不存在。"),
		never(dispatch.ReasonUnknownOffer, codes.NotFound,
			"This offer does not exist.", "派单不存在。"),
		never(dispatch.ReasonVoice, codes.InvalidArgument,
			"The voice message cannot be read. Please record it again.",
			"语音无法识别，请重新录制。"),
		never(dispatch.ReasonVoiceTooLong, codes.InvalidArgument,
			"The voice message is too long. Please keep it within a minute.",
			"语音过长，请控制在 60 秒以内。"),
		never(dispatch.ReasonUnknownVoice, codes.NotFound,
			"There is no voice message that you can hear.", "没有可以收听的语音。"),
		never(dispatch.ReasonDuplicate, codes.AlreadyExists,
			"This exists already.", "记录已存在。"),
		never(ReasonPageToken, codes.InvalidArgument,
			"This page does not exist. Start again from the first.", "分页信息无效，请从第一页重新加载。"),
		never(ReasonMessageInvalid, codes.InvalidArgument,
			"The app sent something that we do not understand. Please update it.",
			"无法识别的请求，请更新应用。"),
		never(ReasonMessageTooLarge, codes.ResourceExhausted,
			"The app sent too much at once.", "请求内容过大。"),
	}
}

// rideRows are what the state of a ride, an offer or a shift does not allow.
func rideRows() []ErrorRow {
	return []ErrorRow{
		never(dispatch.ReasonAtStand, codes.FailedPrecondition,
			"You are in the queue of a stand. Leave it to take rides from elsewhere.",
			"您正在候客区排队，离开候客区后才能接区外订单。"),
		never(dispatch.ReasonRideOpen, codes.FailedPrecondition,
			"You already have a ride.", "您已有进行中的订单。"),
		never(dispatch.ReasonDriverBusy, codes.FailedPrecondition,
			"You are at a ride already.", "您正在服务其他订单。"),
		never(dispatch.ReasonTaxiTaken, codes.FailedPrecondition,
			"Another driver is on shift with this taxi.", "该出租车正由其他司机使用。"),
		never(dispatch.ReasonOfferExpired, codes.FailedPrecondition,
			"The offer has expired.", "派单已超时。"),
		never(dispatch.ReasonOfferClosed, codes.FailedPrecondition,
			"The offer is gone.", "派单已失效。"),
		never(dispatch.ReasonUnknownCall, codes.NotFound,
			"There is no such call near you.", "附近没有这个订单。"),
		never(dispatch.ReasonCallExpired, codes.FailedPrecondition,
			"The call has expired.", "抢单已超时。"),
		never(dispatch.ReasonCallGone, codes.FailedPrecondition,
			"Another driver was faster, or the rider has changed their mind.",
			"订单已被抢走或已取消。"),
		never(dispatch.ReasonStep, codes.FailedPrecondition,
			"The ride does not allow this now.", "订单当前状态不允许此操作。"),
		never(dispatch.ReasonOffDuty, codes.FailedPrecondition,
			"You are off duty.", "您已收车。"),
		never(dispatch.ReasonClosed, codes.FailedPrecondition,
			"Taxis cannot be asked for by app at this time of the day.",
			"当前时段暂停手机叫车服务。"),
		never(dispatch.ReasonOutside, codes.FailedPrecondition,
			"We do not pick up there.", "上车地点不在服务范围内。"),
		never(dispatch.ReasonTipBanned, codes.FailedPrecondition,
			"Tips are not allowed in this city.", "该城市不允许加价。"),
		never(dispatch.ReasonRiderSuspended, codes.FailedPrecondition,
			"You may not ask for a taxi, as you were not there when one had come.",
			"因爽约，您暂时不能叫车。"),
		never(dispatch.ReasonDriverSuspended, codes.FailedPrecondition,
			"You are suspended after complaints and may not be on duty.",
			"因多次被投诉，您已被暂停接单。"),
		never(dispatch.ReasonComplained, codes.FailedPrecondition,
			"You have complained of this ride already.", "您已投诉过该订单。"),
		never(dispatch.ReasonComplaintState, codes.FailedPrecondition,
			"This complaint is contested or decided already.", "该投诉已申诉或已处理。"),
		never(dispatch.ReasonTooLate, codes.FailedPrecondition,
			"It is too late for this.", "已超过可操作的期限。"),
		again(dispatch.ReasonStale, codes.Aborted, 100*time.Millisecond,
			"This has just changed. Please try again.", "信息刚刚发生变化，请重试。"),
		again(dispatch.ReasonFlights, codes.Unavailable, 30*time.Second,
			"Flight times are not available now.", "暂时无法获取航班信息。"),
		never(dispatch.ReasonBookingClash, codes.FailedPrecondition,
			"This is too near to another of your bookings.", "与您的其他预约订单时间冲突。"),
		never(dispatch.ReasonTooManyBookings, codes.ResourceExhausted,
			"You have as many bookings as you may have.", "您的预约订单已达上限。"),
		never(dispatch.ReasonSeats, codes.FailedPrecondition,
			"Your taxi does not fit this ride.", "您的车辆不符合该订单的要求。"),
		never(dispatch.ReasonDestinations, codes.ResourceExhausted,
			"You have set a destination as often as you may today.", "今日设置顺路目的地的次数已用完。"),
		again(dispatch.ReasonTooManyRides, codes.ResourceExhausted, 5*time.Second,
			"Too many people are waiting for a taxi here. Please try again in a moment.",
			"当前叫车人数过多，请稍后再试。"),
		again(dispatch.ReasonBacklog, codes.ResourceExhausted, 30*time.Second,
			"The service is catching up. Please try again in a minute.", "系统繁忙，请稍后再试。"),
		again(dispatch.ReasonTooManyQuestions, codes.ResourceExhausted, time.Second,
			"Too many people are looking for a taxi here. Please try again in a moment.",
			"当前查询人数过多，请稍后再试。"),
		again(dispatch.ReasonFenced, codes.Aborted, time.Second,
			"The service is changing over. Please try again.", "服务正在切换，请稍后再试。"),
	}
}

// regularRows are about people who keep each other, and about teams.
func regularRows() []ErrorRow {
	return []ErrorRow{
		never(dispatch.ReasonUnknownRegular, codes.NotFound,
			"You do not keep this regular any more.", "该常用联系人不存在或已解除。"),
		never(dispatch.ReasonRegularState, codes.FailedPrecondition,
			"It is for the other side to agree.", "需等待对方同意。"),
		never(dispatch.ReasonTooManyRegulars, codes.ResourceExhausted,
			"One of you keeps as many regulars as one may.", "一方的常用联系人已达上限。"),
		never(dispatch.ReasonUnknownTeam, codes.NotFound,
			"You are not in a team.", "您尚未加入车队。"),
		never(dispatch.ReasonUnknownMember, codes.NotFound,
			"There is no such place in a team, or it is not for you to say.", "车队成员或邀请不存在。"),
		never(dispatch.ReasonInTeam, codes.FailedPrecondition,
			"You are in a team. Leave it first.", "您已加入车队，请先退出。"),
		never(dispatch.ReasonTeamFull, codes.ResourceExhausted,
			"The team is full.", "车队人数已满。"),
		never(dispatch.ReasonNoFestival, codes.FailedPrecondition,
			"It is not the time of this festival.", "现在不在该节日的问候期内。"),
		never(dispatch.ReasonGreeted, codes.FailedPrecondition,
			"You have greeted your regulars for this festival.", "您已发送过该节日的问候。"),
		never(dispatch.ReasonNobodyToGreet, codes.FailedPrecondition,
			"You have no regular who wants greetings.", "暂无愿意接收问候的常用乘客。"),
		never(dispatch.ReasonHandedOver, codes.FailedPrecondition,
			"This booking was handed over already, which happens once.",
			"该预约订单已转给车队其他司机，不能再次转单。"),
	}
}

// drawRows are what daily draws refuse, and segments.
func drawRows() []ErrorRow {
	return []ErrorRow{
		never(dispatch.ReasonSegments, codes.ResourceExhausted,
			"This rider is in too many segments.", "该乘客所属人群已达上限。"),
		never(dispatch.ReasonDraw, codes.InvalidArgument,
			"This draw is not valid.", "抽奖设置无效。"),
		never(dispatch.ReasonDrawState, codes.FailedPrecondition,
			"The draw of this day is not at that point, or is past it.", "该日抽奖当前状态不允许此操作。"),
		never(dispatch.ReasonDrawDay, codes.AlreadyExists,
			"Another draw has this day.", "该日已有其他抽奖。"),
		never(dispatch.ReasonUnknownDraw, codes.NotFound,
			"There is no such draw.", "抽奖不存在。"),
	}
}

// moneyRows are what money refuses.
func moneyRows() []ErrorRow {
	return []ErrorRow{
		never(dispatch.ReasonChannel, codes.NotFound,
			"This way to pay is not available.", "该支付方式不可用。"),
		never(dispatch.ReasonPayment, codes.FailedPrecondition,
			"The payment does not allow this now.", "支付单当前状态不允许此操作。"),
		never(dispatch.ReasonBill, codes.FailedPrecondition,
			"The channel's bill cannot be taken as it is.", "渠道账单无法导入。"),
		again(dispatch.ReasonNoBill, codes.NotFound, time.Hour,
			"The channel has no bill of this day yet.", "渠道尚未出具该日账单。"),
		never(dispatch.ReasonLedger, codes.InvalidArgument,
			"The booking was refused.", "记账请求被拒绝。"),
		never(dispatch.ReasonLedgerLimit, codes.FailedPrecondition,
			"The balance is too low.", "余额不足。"),
		never(dispatch.ReasonWithdrawalLimit, codes.ResourceExhausted,
			"You have reached today's limit of withdrawals.", "今日提现次数或金额已达上限。"),
		never(dispatch.ReasonUnknownHold, codes.NotFound,
			"No subsidy of this ride is held.", "该订单没有被暂扣的补贴。"),
		never(dispatch.ReasonHoldState, codes.FailedPrecondition,
			"This was appealed or decided already, or its time is over.",
			"已申诉、已处理或已超过申诉期限。"),
		never(dispatch.ReasonNameMissing, codes.FailedPrecondition,
			"We do not have your name, without which nobody can be paid. Please call your company.",
			"您的姓名尚未登记，无法提现，请联系公司。"),
		never(dispatch.ReasonBankFile, codes.InvalidArgument,
			"The bank's file cannot be read.", "银行文件无法识别。"),
		never(dispatch.ReasonUnknownBankFile, codes.NotFound,
			"This file does not exist.", "文件不存在。"),
		never(dispatch.ReasonUnknownCode, codes.NotFound,
			"This code is not valid any more. Please ask the driver for a new one.",
			"收款码无效或已更换，请向司机索取新的收款码。"),
		never(dispatch.ReasonPINNeeded, codes.FailedPrecondition,
			"Please enter your pay PIN.", "请输入支付密码。"),
		never(dispatch.ReasonPINWrong, codes.FailedPrecondition,
			"This pay PIN is not right.", "支付密码错误。"),
		never(dispatch.ReasonPINLocked, codes.ResourceExhausted,
			"Too many wrong pay PINs. Your wallet pays nothing for an hour.",
			"支付密码错误次数过多，钱包已锁定一小时。"),
		never(dispatch.ReasonPINUnset, codes.NotFound,
			"This wallet has no pay PIN.", "该钱包尚未设置支付密码。"),
		never(dispatch.ReasonCodeWrong, codes.FailedPrecondition,
			"This code is not valid now. Please have it shown again.",
			"付款码无效或已过期，请乘客刷新后重试。"),
		never(dispatch.ReasonCodeUsed, codes.FailedPrecondition,
			"This code has been used. Please wait for the next one.",
			"付款码已被使用，请等待刷新。"),
		never(dispatch.ReasonCodeDeclined, codes.FailedPrecondition,
			"The rider's wallet does not pay this by a code. Please ask for another way.",
			"乘客钱包无法用付款码支付此笔费用，请更换支付方式。"),
		again(dispatch.ReasonCodesLocked, codes.ResourceExhausted, time.Minute,
			"Too many wrong codes. Please try again later.", "付款码错误次数过多，请稍后再试。"),
		never(dispatch.ReasonWalletFull, codes.ResourceExhausted,
			"Your wallet takes no more than its limit. Please choose a smaller amount.",
			"钱包余额将超过上限，请减少充值金额。"),
		again(dispatch.ReasonTopUpsOpen, codes.ResourceExhausted, time.Minute,
			"Other top-ups of yours wait to be paid. Please pay one, or wait until it is closed.",
			"您有多笔充值尚未支付，请先完成支付，或等待其关闭。"),
		again(dispatch.ReasonNothingDue, codes.FailedPrecondition, 2*time.Second,
			"There is nothing to pay now. Please ask the driver whether the fare is entered.",
			"当前没有待支付的车费，请确认司机已输入金额。"),
		never(dispatch.ReasonReceiptNumber, codes.AlreadyExists,
			"Another ride has the receipt with this number. Please check it, and add the code.",
			"该发票号码已用于其他订单，请核对，并补填发票代码。"),
		never(dispatch.ReasonReceiptOther, codes.FailedPrecondition,
			"The receipt's number was typed by the other side, and only they can change it.",
			"发票号码已由对方填写，只能由对方修改。"),
		never(dispatch.ReasonUnpaidFee, codes.FailedPrecondition,
			"Please pay for the ride that you cancelled late first.", "请先支付此前取消订单的费用。"),
	}
}

// tokenRows are about who calls, and what.
func tokenRows() []ErrorRow {
	return []ErrorRow{
		never(ReasonTokenMissing, codes.Unauthenticated,
			"Please sign in.", "请先登录。"),
		never(ReasonTokenInvalid, codes.Unauthenticated,
			"Please sign in again.", "登录信息无效，请重新登录。"),
		never(ReasonTokenExpired, codes.Unauthenticated,
			"Your sign-in has expired. Please sign in again.", "登录已过期，请重新登录。"),
		never(ReasonTokenEarly, codes.Unauthenticated,
			"Your sign-in is not valid yet. Check the time of your phone.",
			"登录尚未生效，请检查手机时间。"),
		never(ReasonRoleDenied, codes.PermissionDenied,
			"You may not do this.", "您没有此操作的权限。"),
		never(ReasonMethodUnknown, codes.Unimplemented,
			"We do not know how to do this. Please update the app.", "不支持此操作，请更新应用。"),
		never(ReasonNotSandbox, codes.PermissionDenied,
			"This works only in a sandbox.", "此操作仅限沙盒环境。"),
		again(ReasonRateLimited, codes.ResourceExhausted, time.Second,
			"Too many requests. Please wait a moment.", "操作过于频繁，请稍后再试。"),
	}
}

// streamRows are why a stream is ended.
func streamRows() []ErrorRow {
	return []ErrorRow{
		never(ReasonHelloMissing, codes.FailedPrecondition,
			"The app did not say who it is. Please update it.", "应用未完成握手，请更新应用。"),
		never(ReasonSessionReplaced, codes.Aborted,
			"You have signed in on another phone.", "您已在其他设备上登录。"),
		again(ReasonSessionsFull, codes.ResourceExhausted, 5*time.Second,
			"Too many drivers are connected here. The app connects again.",
			"连接人数已满，正在重新连接。"),
		again(ReasonSlowReader, codes.ResourceExhausted, time.Second,
			"The connection is too slow. The app connects again.", "网络过慢，正在重新连接。"),
		again(ReasonSilentPeer, codes.Unavailable, time.Second,
			"Nothing was heard from the phone. The app connects again.",
			"长时间未收到手机信号，正在重新连接。"),
		again(ReasonDraining, codes.Unavailable, time.Second,
			"The server is going away. The app connects again.", "服务器即将维护，正在重新连接。"),
	}
}

// serverRows are what the caller can do nothing about.
func serverRows() []ErrorRow {
	return []ErrorRow{
		again(dispatch.ReasonStore, codes.Unavailable, time.Second,
			"The service is busy. Please try again in a moment.", "系统繁忙，请稍后再试。"),
		again(ReasonBusy, codes.ResourceExhausted, time.Second,
			"The service is busy. Please try again in a moment.", "系统繁忙，请稍后再试。"),
		again(ReasonBus, codes.Unavailable, time.Second,
			"The service is not available. Please try again in a moment.", "服务暂不可用，请稍后再试。"),
		again(ReasonUnavailable, codes.Unavailable, time.Second,
			"The service is not available. Please try again in a moment.", "服务暂不可用，请稍后再试。"),
		again(ReasonDeadline, codes.DeadlineExceeded, time.Second,
			"This took too long. Please try again.", "请求超时，请重试。"),
		never(ReasonCallerGone, codes.Canceled,
			"The call was given up.", "请求已取消。"),
		never(ReasonRefused, codes.FailedPrecondition,
			"This is not possible.", "操作无法完成。"),
		never(ReasonInternal, codes.Internal,
			"Something went wrong on our side.", "系统内部错误。"),
	}
}
