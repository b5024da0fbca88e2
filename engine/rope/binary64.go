package rope

import "math"

// ln2Hi + ln2Lo is ln 2; ln2Hi has few enough bits that an exponent times it is
// exact.
const (
	ln2Hi = 0x1.62e42feep-1
	ln2Lo = 0x1.a39ef35793c76p-33
	// roundMagic added and taken away rounds a binary64 number below 2⁵¹ to the
	// nearest integer.
	roundMagic = 0x1.8p+52
)

// log64 returns the natural logarithm of x > 0, normal, in binary64 as AC1
// defines it, every product rounded.
func log64(x float64) float64 {
	m, exponent := math.Frexp(x)
	m, e := m*2, float64(exponent-1)
	if m > 1.4140625 {
		m, e = m*0.5, e+1
	}
	s := (m - 1) / (m + 1)
	z := float64(s * s)
	a := 0.0
	for n := 14; n >= 0; n-- {
		a = float64(a*z) + 1/float64(2*n+1)
	}
	return float64(e*ln2Hi) + (float64(float64(2*s)*a) + float64(e*ln2Lo))
}

// exp64 returns e^x in binary64 as AC1 defines it, every product rounded; |x|
// stays far from the limits of the exponent.
func exp64(x float64) float64 {
	k := (float64(x*0x1.71547652b82fep+0) + roundMagic) - roundMagic
	r := (x - float64(k*ln2Hi)) - float64(k*ln2Lo)
	e := 1.0
	for n := 17; n >= 1; n-- {
		e = 1 + float64(e*r)/float64(n)
	}
	return math.Ldexp(e, int(k))
}

// sinCos returns the sine and the cosine of an angle below 2²⁰ or so in
// binary64 as AC1 defines them.
func sinCos(angle float64) (sin, cos float64) {
	k := (float64(angle*0x1.45f306dc9c883p-1) + roundMagic) - roundMagic
	r := (angle - float64(k*0x1.921fb544p+0)) - float64(k*0x1.0b4611a626331p-34)
	z := float64(r * r)
	s, c := 1.0, 1.0
	for n := 8; n >= 1; n-- {
		s = 1 - float64(s*z)/float64(2*n*(2*n+1))
	}
	s = float64(r * s)
	for n := 9; n >= 1; n-- {
		c = 1 - float64(c*z)/float64(2*n*(2*n-1))
	}
	switch int64(k) & 3 {
	case 0:
		return s, c
	case 1:
		return c, -s
	case 2:
		return -s, -c
	}
	return -c, s
}
