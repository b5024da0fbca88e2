package history

import (
	"strconv"
	"time"

	"github.com/assaynet/assay/cmd/internal/export"
	"github.com/assaynet/assay/protocol"
)

// The tables with the most rows, whose rows are numbers for the most part, write
// their own lines.
var (
	_ export.Appender = (*Payment)(nil)
	_ export.Appender = (*Weight)(nil)
	_ export.Appender = (*Score)(nil)
)

// AppendLine implements [export.Appender].
func (p *Payment) AppendLine(b []byte) []byte {
	b = number(append(b, `{"epoch":`...), p.Epoch)
	b = number(append(b, `,"block":`...), p.Block)
	b = p.Time.appendTo(append(b, `,"time":`...))
	b = number(append(b, `,"uid":`...), int64(p.UID))
	b = number(append(b, `,"registered":`...), p.Registered)
	b = export.AppendText(append(b, `,"hotkey":`...), p.Hotkey)
	b = export.AppendText(append(b, `,"coldkey":`...), p.Coldkey)
	b = share(append(b, `,"incentive":`...), p.Incentive)
	b = share(append(b, `,"dividend":`...), p.Dividend)
	b = p.Miner.appendTo(append(b, `,"miner":`...))
	b = p.Validator.appendTo(append(b, `,"validator":`...))
	b = p.Total.appendTo(append(b, `,"total":`...))
	b = number(append(b, `,"drawn":`...), p.Drawn)
	b = number(append(b, `,"fulfilled":`...), p.Fulfilled)
	return append(b, '}')
}

// AppendLine implements [export.Appender].
func (w *Weight) AppendLine(b []byte) []byte {
	b = number(append(b, `{"epoch":`...), w.Epoch)
	b = number(append(b, `,"block":`...), w.Block)
	b = w.Time.appendTo(append(b, `,"time":`...))
	b = number(append(b, `,"validator_uid":`...), int64(w.Validator))
	b = number(append(b, `,"uid":`...), int64(w.UID))
	b = number(append(b, `,"value":`...), int64(w.Value))
	b = share(append(b, `,"share":`...), w.Share)
	return append(b, '}')
}

// AppendLine implements [export.Appender].
func (s *Score) AppendLine(b []byte) []byte {
	b = number(append(b, `{"epoch":`...), s.Epoch)
	b = s.Time.appendTo(append(b, `,"time":`...))
	b = number(append(b, `,"uid":`...), int64(s.UID))
	b = number(append(b, `,"registered":`...), s.Registered)
	b = export.AppendText(append(b, `,"hotkey":`...), s.Hotkey)
	b = export.AppendText(append(b, `,"kind":`...), s.Kind)
	b = strconv.AppendBool(append(b, `,"final":`...), s.Final)
	b = number(append(b, `,"asked":`...), s.Asked)
	b = number(append(b, `,"answered":`...), s.Answered)
	b = number(append(b, `,"exact":`...), s.Exact)
	b = number(append(b, `,"inexact":`...), s.Inexact)
	b = number(append(b, `,"late":`...), s.Late)
	b = number(append(b, `,"not_given":`...), s.NotGiven)
	b = number(append(b, `,"units":`...), s.Units)
	b = share(append(b, `,"bound":`...), s.Bound)
	b = share(append(b, `,"speed":`...), s.Speed)
	b = share(append(b, `,"availability":`...), s.Availability)
	b = share(append(b, `,"weight":`...), s.Weight)
	b = export.AppendText(append(b, `,"reason":`...), s.Reason)
	return append(b, '}')
}

func number(b []byte, n int64) []byte { return strconv.AppendInt(b, n, 10) }

// share appends a number that is zero, or at least 65536⁻¹: package encoding/json
// writes one below 10⁻⁶ with an exponent.
func share(b []byte, x float64) []byte { return strconv.AppendFloat(b, x, 'f', -1, 64) }

// appendTo appends the amount as JSON.
func (t Tokens) appendTo(b []byte) []byte {
	b, _ = protocol.Amount(t).AppendText(append(b, '"')) // it has no error
	return append(b, '"')
}

// appendTo appends the time as JSON.
func (m Micros) appendTo(b []byte) []byte {
	if m == 0 {
		return append(b, "null"...)
	}
	return append(time.UnixMicro(int64(m)).UTC().AppendFormat(append(b, '"'), time.RFC3339Nano), '"')
}
