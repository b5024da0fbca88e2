// Package ratings reads and writes files of preference data: JSON Lines of
// pairs with what raters answered, as package preference scores them, and the
// sums that an epoch leaves to the next. protocol/SPEC.md says how they look. It
// holds one line at a time.
package ratings
