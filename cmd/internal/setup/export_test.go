package setup

// Place is tested from outside.
var Place = place
