package backup

// What tests look at from outside.
var (
	DecodeManifest = decodeManifest
	Fill           = fill
	List           = list
)
