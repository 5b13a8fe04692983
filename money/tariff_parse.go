package money

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// Limits on a tariff's file. More is refused.
const (
	maxTariffBytes = 64 << 10
	maxTariffList  = 64
)

// TariffError says what is wrong with a tariff, and where.
type TariffError struct {
	// File is the tariff's name.
	File string
	// Key is the path of the wrong key, such as "low_speed.every_s"; empty for the whole file.
	Key string
	// Reason says what is wrong, in English, for the person who wrote the file.
	Reason string
}

// Error implements error.
func (e *TariffError) Error() string {
	if e.Key == "" {
		return fmt.Sprintf("money: tariff %s: %s", e.File, e.Reason)
	}
	return fmt.Sprintf("money: tariff %s: %s: %s", e.File, e.Key, e.Reason)
}

// ParseTariff reads a tariff from its JSON and validates it. It is strict: an unknown, misspelt,
// repeated or missing key, a null, a fraction where fen are wanted, and a price out of its range
// are each a [*TariffError] with the file's name and the key. name must be the key "name" in
// data.
func ParseTariff(name string, data []byte) (Tariff, error) {
	fail := func(key, reason string) (Tariff, error) {
		return Tariff{}, &TariffError{File: name, Key: key, Reason: reason}
	}
	if len(data) > maxTariffBytes {
		return fail("", fmt.Sprintf("longer than %d bytes", maxTariffBytes))
	}
	var raw json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil { // also refuses what follows the object
		return fail("", err.Error())
	}
	var t Tariff
	if err := decodeTariffValue("", raw, reflect.ValueOf(&t).Elem()); err != nil {
		var bad *TariffError
		if errors.As(err, &bad) {
			return fail(bad.Key, bad.Reason)
		}
		return fail("", err.Error())
	}
	if t.Name != name {
		return fail("name", fmt.Sprintf("%.40q is not the file's name", t.Name))
	}
	return t, t.Validate()
}

// decodeTariffValue decodes raw into v. encoding/json alone would take keys in any case and
// repeated ones, would leave out missing ones, and would not say where an unknown key stands.
func decodeTariffValue(key string, raw json.RawMessage, v reflect.Value) error {
	isNull := string(raw) == "null"
	switch {
	case v.Kind() == reflect.Pointer && isNull:
		return nil
	case isNull:
		return &TariffError{Key: key, Reason: "null is no value"}
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return decodeTariffValue(key, raw, v.Elem())
	case v.Kind() == reflect.Struct:
		return decodeTariffObject(key, raw, v)
	case v.Kind() == reflect.Slice:
		return decodeTariffList(key, raw, v)
	}
	if err := json.Unmarshal(raw, v.Addr().Interface()); err != nil {
		return &TariffError{Key: key, Reason: fmt.Sprintf("bad value %.40s: %v", raw, err)}
	}
	return nil
}

func decodeTariffList(key string, raw json.RawMessage, v reflect.Value) error {
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		return &TariffError{Key: key, Reason: fmt.Sprintf("bad value %.40s: not a list", raw)}
	}
	if len(items) > maxTariffList {
		return &TariffError{Key: key, Reason: fmt.Sprintf("more than %d items", maxTariffList)}
	}
	v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
	for i, item := range items {
		if err := decodeTariffValue(fmt.Sprintf("%s[%d]", key, i), item, v.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

func decodeTariffObject(key string, raw json.RawMessage, v reflect.Value) error {
	at := func(name string) string { return strings.TrimPrefix(key+"."+name, ".") }
	dec := json.NewDecoder(bytes.NewReader(raw))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return &TariffError{Key: key, Reason: fmt.Sprintf("bad value %.40s: not an object", raw)}
	}
	seen := make(map[string]bool)
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return err
		}
		field := tariffField(v, name)
		switch {
		case !field.IsValid():
			return &TariffError{Key: at(fmt.Sprintf("%.40s", name)), Reason: "unknown key"}
		case seen[name]:
			return &TariffError{Key: at(name), Reason: "repeated key"}
		}
		seen[name] = true
		if err := decodeTariffValue(at(name), value, field); err != nil {
			return err
		}
	}
	for i := range v.NumField() {
		name, optional := tariffKey(v.Type().Field(i))
		if !optional && !seen[name] {
			return &TariffError{Key: at(name), Reason: "missing key"}
		}
	}
	return nil
}

// tariffKey reads a field's JSON key from its tag; omitempty marks it optional.
func tariffKey(f reflect.StructField) (key string, optional bool) {
	key, options, _ := strings.Cut(f.Tag.Get("json"), ",")
	return key, options == "omitempty"
}

// tariffField finds the field of v whose key is exactly name; the zero Value if there is none.
func tariffField(v reflect.Value, name string) reflect.Value {
	for i := range v.NumField() {
		if key, _ := tariffKey(v.Type().Field(i)); key == name {
			return v.Field(i)
		}
	}
	return reflect.Value{}
}
