package import KeptnModel

/// What a provider says of itself. Indicators without a value fail their objectives; a provider that has measured none
/// has failed itself.
package struct IndicatorShortfall: Sendable, Hashable {
    package let result: KeptnResult
    package let message: String

    package init(_ values: [SLIValue]) {
        let missing = values.filter { !$0.success }
        guard let first = missing.first else {
            (result, message) = (.pass, "")
            return
        }
        result = missing.count == values.count ? .fail : .warning
        message = "\(missing.count) of \(values.count) SLIs have no value; \(first.metric): \(first.message)"
    }
}
