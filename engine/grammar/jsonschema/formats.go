package jsonschema

import (
	"regexp/syntax"

	"github.com/assaynet/assay/engine/grammar/runes"
)

// Parts of formats.
const (
	year      = `[0-9]{4}`
	leapYear  = `([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)`
	longMonth = `(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])`
	month     = `(0[469]|11)-(0[1-9]|[12][0-9]|30)`
	february  = `02-(0[1-9]|1[0-9]|2[0-8])`
	date      = `(` + year + `-(` + longMonth + `|` + month + `|` + february + `)|` + leapYear + `-02-29)`
	clock     = `([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?`
	zone      = `(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])`
	octet     = `(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])`
	ipv4      = `(` + octet + `\.){3}` + octet
	group     = `[0-9a-fA-F]{1,4}`
	ipv6      = `(` + group + `:){7}` + group + `|(` + group + `:){1,7}:|(` + group + `:){1,6}:` + group +
		`|(` + group + `:){1,5}(:` + group + `){2}|(` + group + `:){1,4}(:` + group + `){3}` +
		`|(` + group + `:){1,3}(:` + group + `){4}|(` + group + `:){1,2}(:` + group + `){5}` +
		`|` + group + `:(:` + group + `){6}|:(:` + group + `){1,7}|::`
	label     = `[A-Za-z0-9](-?[A-Za-z0-9]){0,30}`
	atom      = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,30}"
	host      = label + `(\.` + label + `){0,2}`
	mail      = atom + `(\.` + atom + `)?@` + host
	hexDigit  = `[0-9a-fA-F]`
	pathChar  = `([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9a-fA-F]{2})`
	segments  = `(/` + pathChar + `*)*`
	authority = `//` + label + `(\.` + label + `){0,3}(:[0-9]{1,5})?`
	uriTail   = `(` + pathChar + `|[/?])*`
	uri       = `[A-Za-z][A-Za-z0-9+.-]{0,31}:(` + authority + `|` + pathChar + `+)` + segments +
		`(\?` + uriTail + `)?(#` + uriTail + `)?`
	plainPart = `[A-Za-z0-9 _-]`
	dayParts  = `(T([0-9]{1,9}H([0-9]{1,9}M([0-9]{1,9}S)?)?|[0-9]{1,9}M([0-9]{1,9}S)?|[0-9]{1,9}S))`
	dateParts = `([0-9]{1,9}Y([0-9]{1,9}M([0-9]{1,9}D)?)?|[0-9]{1,9}M([0-9]{1,9}D)?|[0-9]{1,9}D)`
)

// formats are what format asserts: each a part of what its specification allows
// (RFC 3339, 4122, 5321, 1123, 2673, 4291, 3986, 6901), for whoever reads the
// answer. Leap seconds, quoted mail names, addresses in brackets, what lies beyond
// ASCII, and signs with a meaning in templates and expressions are left out.
var formats = map[string]string{
	"date":         date,
	"time":         clock + zone,
	"date-time":    date + `[Tt]` + clock + zone,
	"duration":     `P(` + dateParts + dayParts + `?|` + dayParts + `|[0-9]{1,9}W)`,
	"uuid":         hexDigit + `{8}-` + hexDigit + `{4}-` + hexDigit + `{4}-` + hexDigit + `{4}-` + hexDigit + `{12}`,
	"email":        mail,
	"hostname":     host,
	"ipv4":         ipv4,
	"ipv6":         ipv6,
	"uri":          uri,
	"json-pointer": `(/([^/~]|~[01])*)*`,

	"uri-reference":         uri + `|(/` + pathChar + `+)*`,
	"relative-json-pointer": `(0|[1-9][0-9]{0,8})(#|(/([^/~]|~[01])*)*)`,
	"iri":                   uri,
	"iri-reference":         uri,
	"uri-template":          uri,
	"idn-email":             mail,
	"idn-hostname":          host,
	"regex":                 plainPart + `*`,
}

// formatOf returns the strings of a format. The error is runes.ErrLimit.
func formatOf(w *runes.Work, name string) (d *runes.DFA, ok bool, err error) {
	pattern, ok := formats[name]
	if !ok {
		return nil, false, nil
	}
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, true, err
	}
	d, err = w.Regexp(re, false)
	return d, true, err
}
