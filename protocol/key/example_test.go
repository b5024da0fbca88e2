package key_test

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/assaynet/assay/protocol/key"
)

// A signature holds for its message, in its domain, and a key does not print
// itself.
func Example() {
	k, err := key.FromSeed(bytes.Repeat([]byte{7}, 32), "hotkey")
	if err != nil {
		fmt.Println(err)
		return
	}
	sig, err := k.Sign("example/v1/greeting", []byte("hello"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(key.Verify(k.Public(), "example/v1/greeting", []byte("hello"), sig[:]))
	err = key.Verify(k.Public(), "example/v1/farewell", []byte("hello"), sig[:])
	fmt.Println(errors.Is(err, key.ErrSignature))
	fmt.Println(k)
	// Output:
	// <nil>
	// true
	// [private key]
}
