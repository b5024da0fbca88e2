package chattemplate

// checks are Jinja's tests that take no argument.
var checks = map[string]func(v value) bool{
	"defined":   func(v value) bool { return !isA[undefined](v) },
	"undefined": isA[undefined],
	"none":      func(v value) bool { return v == nil },
	"string":    isA[Text],
	"mapping":   isA[*dict],
	"boolean":   isA[bool],
	"integer":   isA[int64],
	"float":     isA[float64],
	"number":    func(v value) bool { _, ok := number(v); return ok },
	"callable":  isA[*function],
	"iterable":  func(v value) bool { return isA[Text](v) || isA[*list](v) || isA[*dict](v) || isA[undefined](v) },
	"sequence":  func(v value) bool { return isA[Text](v) || isA[*list](v) || isA[*dict](v) || isA[undefined](v) },
	"true":      func(v value) bool { return v == true },
	"false":     func(v value) bool { return v == false },
	"odd":       func(v value) bool { n, ok := integer(v); return ok && n%2 != 0 },
	"even":      func(v value) bool { n, ok := integer(v); return ok && n%2 == 0 },
}

func isA[T any](v value) bool { _, ok := v.(T); return ok }

// comparing are Jinja's tests that compare with an argument.
var comparing = map[string]operator{
	"eq": equals, "equalto": equals, "==": equals, "ne": not(equals), "!=": not(equals), "in": in, "sameas": equals,
	"lt": operators[opLess], "lessthan": operators[opLess], "<": operators[opLess], "le": operators[opLessEq], "<=": operators[opLessEq],
	"gt": operators[opGreater], "greaterthan": operators[opGreater], ">": operators[opGreater],
	"ge": operators[opGreaterEq], ">=": operators[opGreaterEq],
}

func (r *run) test(name string, v value, a arguments) (value, error) {
	if check, ok := checks[name]; ok {
		_, err := a.bind(name)
		return check(v), err
	}
	if f, ok := comparing[name]; ok || name == "divisibleby" {
		vs, err := a.bind(name, "other")
		if err != nil {
			return nil, err
		}
		if vs[0] == absent {
			return nil, fail("the test %q without an argument", name)
		}
		if ok {
			return f(r, v, vs[0])
		}
		rest, err := operators[opRem](r, v, vs[0])
		return !truth(rest), err
	}
	return nil, fail("the test %q is not supported", name)
}
