package arith

// PlainExp is plainExp, the definition that Exp is tested against.
var PlainExp = plainExp
