package import Ports

/// What there is.
package enum StandardSources {
    package static func all(requester: any HTTPRequester) -> [any IndicatorSource] {
        [PrometheusSource(requester: requester), HTTPSource(requester: requester), FileSource()]
    }
}
