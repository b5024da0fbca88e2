// Package keystore keeps private keys in encrypted files and lends what they
// can do, not what they are.
//
// # Files
//
// A store is a directory, by custom HOME/keys. The key NAME is two files:
//
//	NAME.age  the encrypted key, mode 0600
//	NAME.pub  its address and a newline, for everyone to read
//
// NAME.age is an armored age file (age-encryption.org/v1) with one scrypt
// recipient, so `age --decrypt` opens it, too. Inside is one line of JSON,
// with exactly this order and spacing, and a newline:
//
//	{"version":1,"kind":"hotkey","secret":"<64 hex digits>"}
//
// The kind is "hotkey" or "coldkey"; the secret is the scalar, big-endian.
// Nothing else is accepted, and nothing is read past 16 KiB.
//
// Files appear whole or not at all, and never replace a key, nor the public file
// of one whose key file is gone: a new key of that name would be another, and
// have no seat.
//
// A key that others may read is refused: it may be stolen already. So is such a
// passphrase file; a group may read that.
//
// # Secrets of containers
//
// Docker gives secrets the mode 0444 and Kubernetes 0644, on a mount that their
// reader cannot change, so "run chmod 600" is no help there. Such a file is
// accepted, with a warning for a passphrase, if
//
//   - it is on a read-only mount (docker, Kubernetes), or in memory, tmpfs or
//     ramfs, and nobody but its owner may write it (podman, which has /run so);
//   - root or this user owns it and each directory above it;
//   - nobody else can put another in its place: no directory is open to the
//     writing of others, unless it is read-only itself or, above a read-only
//     mount, sticky.
//
// All users of a container are its program's. That cannot be told from a
// read-only mount of a machine with others, hence the warning. An ordinary file
// is refused, in a /tmp in memory, too: its owner can run chmod. A key without a
// passphrase is never accepted so: nothing else protects it. All this is known of
// Linux alone; elsewhere the mode decides.
//
// A passphrase also comes through a pipe that is closed to others, as
// "<(pass show x)" makes it: 4 KiB and two minutes at most. That is the way out
// for a mount that no rule fits, and so is the environment.
//
// # Mnemonics
//
// A key may come from 24 English words (BIP 39, no extra passphrase). The 64
// bytes that they stand for give the scalar by [key.FromSeed] with the kind as
// its name, so one set of words makes a coldkey and an unrelated hotkey. This
// is not the derivation of BIP 32: no other wallet gives the same address, and so
// the shorter phrases of other wallets are refused. The words are not stored.
//
// [FromAccount] makes as many keys of one set of words as a person wants, by BIP 32
// and BIP 44, at paths that other programs can follow, too: [AccountPath].
//
// They are read in any layout in which people keep them: numbered or not, in
// rows or columns, with any punctuation, case and width, in our own printing or
// JSON, and by their first four letters, which tell the list's words apart. An
// error gives a wrong word's place and what is near it in the list, and nothing
// that was read.
//
// # Passphrases
//
// [ReadPassphrase] takes one from a file, the environment or a terminal. A key
// without one is made only on request; it is then encrypted under a constant
// that everybody knows. A file gives its first line, without one line end; blanks
// count.
//
// New keys are encrypted under a passphrase's form NFKD, as BIP 39 has it, so
// that "é" is one letter on all keyboards; for age --decrypt, type that. Earlier
// versions took the bytes as they were: these are tried next where they differ,
// which costs scrypt a second time. What begins with a byte order mark, is UTF-16
// or no text at all is refused for a new key, and opens an old one only as those
// very bytes. A short passphrase gets a warning, no refusal: whoever makes keys
// for a test chooses what fits, and no length makes a passphrase good.
//
// Start reading at [Store] and [Signer].
package keystore
