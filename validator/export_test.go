package validator

// ReasonOf is the word under which a test expects an error to be counted.
var ReasonOf = reasonOf
