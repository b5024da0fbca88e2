package config

import (
	"errors"
	"fmt"
	"net"
	"syscall"

	"github.com/assaynet/assay/protocol/store"
)

// Hint says what to do about trouble with a home: with its database, and with
// what the system refuses, its disk, its rights, its files. "" is for all other
// errors.
func (h Home) Hint(err error) string {
	switch {
	case errors.Is(err, store.ErrLocked):
		return "stop the other one, or give this one another --home"
	case errors.Is(err, store.ErrOtherChain):
		return "put the right genesis.json back into " + string(h) + ", or use another --home"
	case errors.Is(err, store.ErrNewerSchema):
		return "install the newer program; the database was not touched"
	case errors.Is(err, store.ErrCorrupt):
		return "restore " + h.Data() + " from a copy, or move it away: then the node fetches the ledger anew, and has lost what it kept for itself"
	}
	for _, t := range []struct {
		no   []syscall.Errno
		hint string
	}{
		{[]syscall.Errno{syscall.ENOSPC, syscall.EDQUOT}, "free some space on the disk of %s and start again"},
		{[]syscall.Errno{syscall.EFBIG}, "a file of %s may not grow further: raise the limit (ulimit -f unlimited, or LimitFSIZE of the service), or put the home on a file system that takes larger files"},
		{[]syscall.Errno{syscall.EROFS}, "the disk of %s can be read only: mount it for writing and start again; if it was writable before, it may be failing, which the system's log tells"},
		{[]syscall.Errno{syscall.EIO, syscall.ENXIO, syscall.ENODEV, syscall.ESTALE}, "the disk of %s does not answer as it should: look at the system's log, and move the home to a disk that works"},
		{[]syscall.Errno{syscall.EMFILE, syscall.ENFILE}, "the limit of open files is too low for %s: raise it (ulimit -n 4096, or LimitNOFILE of the service) and start again"},
		{[]syscall.Errno{syscall.ENOLCK}, "the file system of %s cannot lock files: put the home on a local disk"},
		{[]syscall.Errno{syscall.EACCES, syscall.EPERM}, "%s and all in it must belong to the user who runs this; look with ls -lR"},
	} {
		for _, no := range t.no {
			if errors.Is(err, no) {
				return fmt.Sprintf(t.hint, h)
			}
		}
	}
	return ""
}

// Explain adds [Home.Hint] to an error, or otherwise, where it is not "".
func (h Home) Explain(err error, otherwise string) error {
	hint := h.Hint(err)
	if hint == "" {
		hint = otherwise
	}
	if hint == "" {
		return err
	}
	return fmt.Errorf("%w; %s", err, hint)
}

// ListenHint says what to do where an address that flag sets could not be
// listened on. told is the flag by which others are told another address, ""
// where nobody is told.
func ListenHint(err error, flag, told string) string {
	var lookup *net.DNSError
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return "stop the program that has the port, or choose another by --" + flag
	case errors.Is(err, syscall.EADDRNOTAVAIL), errors.As(err, &lookup):
		hint := "this machine does not have that address; give one that it has by --" + flag
		if told != "" {
			hint += ", or 0.0.0.0 for all, and what others dial by --" + told
		}
		return hint
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		return "ports below 1024 are the system's; choose another by --" + flag
	case errors.Is(err, syscall.EAFNOSUPPORT):
		return "this machine does not have that kind of address; choose another by --" + flag
	}
	return "choose another address by --" + flag
}
