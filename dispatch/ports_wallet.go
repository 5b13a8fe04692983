package dispatch

// PayPINs are what wallets ask for before they pay much.
type PayPINs interface {
	// PayPIN reads a rider's; is false if there is none.
	PayPIN(rider RiderID) (p PayPIN, is bool, err error)
	// LockPayPIN is PayPIN, and keeps others from locking it until the transaction ends: who writes
	// it, or acts on it, locks it, after the ride.
	LockPayPIN(rider RiderID) (p PayPIN, is bool, err error)
	// InsertPayPIN writes the first one. Conflict with ReasonDuplicate if there is one.
	InsertPayPIN(p PayPIN) error
	// UpdatePayPIN writes one that is there.
	UpdatePayPIN(p PayPIN) error
	// DropPayPIN forgets one.
	DropPayPIN(rider RiderID) error
}

// WalletCodes are the secrets of wallets' codes, and what was done with those.
type WalletCodes interface {
	// WalletCode reads one by its handle; is is false if there is none.
	WalletCode(handle string) (c SealedCode, is bool, err error)
	// LockWalletCode is WalletCode, and keeps others from locking or dropping it until the
	// transaction ends: who pays by one locks it before the ride.
	LockWalletCode(handle string) (c SealedCode, is bool, err error)
	// WalletCodeOf is a rider's.
	WalletCodeOf(rider RiderID) (c SealedCode, is bool, err error)
	// InsertWalletCode writes a new one. Conflict with ReasonDuplicate for a second one of a rider.
	InsertWalletCode(c SealedCode) error
	// DropWalletCode forgets a rider's; was is false if there was none.
	DropWalletCode(rider RiderID) (was bool, err error)
	// InsertUsedCode says that a code pays. Conflict with ReasonCodeUsed if it has.
	InsertUsedCode(u UsedCode) error
	// CodeTries are a driver's wrong codes; who adds to them has the driver's row locked.
	CodeTries(driver DriverID) (CodeTries, error)
	// PutCodeTries writes them.
	PutCodeTries(t CodeTries) error
}
