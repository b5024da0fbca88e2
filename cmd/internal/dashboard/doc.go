// Package dashboard makes the Grafana dashboards of assay serve, of validators and
// of miners, and the alerts of Prometheus: each of a list, and a test beside the
// metrics holds each query to those that exist.
//
// Source: Grafana's JSON model of dashboards.
package dashboard
