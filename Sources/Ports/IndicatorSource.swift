import CloudEvents
package import Core
package import KeptnModel

/// Measures indicators: what stands behind an SLI provider.
package protocol IndicatorSource: Sendable {
    var kind: SLIProviderSpec.Kind { get }

    /// One value for each indicator of the request, in its order; what could not be measured is a value without
    /// success that says why. Throws `IndicatorError` when nothing can be asked at all, and `CancellationError`.
    func measure(_ request: IndicatorRequest, _ means: IndicatorMeans) async throws -> [SLIValue]
}

/// How a source gets at the numbers.
package struct IndicatorMeans: Sendable {
    /// The queries of `PROVIDER/sli.yaml`, all levels together.
    package var queries: SLI
    /// Nil without a `provider.yaml`.
    package var spec: SLIProviderSpec?
    /// The headers that say who asks; from secrets, so they must never be shown.
    package var authorization: [SLIProviderSpec.Header]
    /// The resource of a path as the project has it; nil when it is not there.
    package var file: @Sendable (_ path: String) async throws -> [UInt8]?
    /// After it nothing more is asked.
    package var deadline: IndicatorDeadline

    package init(
        queries: SLI, spec: SLIProviderSpec? = nil, authorization: [SLIProviderSpec.Header] = [],
        deadline: IndicatorDeadline, file: @escaping @Sendable (_ path: String) async throws -> [UInt8]? = { _ in nil }
    ) {
        self.queries = queries
        self.spec = spec
        self.authorization = authorization
        self.deadline = deadline
        self.file = file
    }
}

/// The time that all queries of a request have together.
package struct IndicatorDeadline: Sendable {
    /// Shorter than an evaluation waits for its provider.
    package static let standardLength = Duration.seconds(240)

    private let time: any TimeSource
    private let end: Timestamp

    package init(_ length: Duration = standardLength, time: any TimeSource) {
        self.time = time
        end = time.now + length
    }

    package var remaining: Duration { end - time.now }
}

/// Why nothing could be measured.
package struct IndicatorError: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

extension IndicatorSource {
    /// Measures several indicators at a time, each by itself, as long as the deadline allows.
    package func measureEach(
        _ request: IndicatorRequest, _ means: IndicatorMeans,
        _ body: @escaping @Sendable (_ indicator: String, _ timeout: Duration) async throws -> SLIValue
    ) async throws -> [SLIValue] {
        let limit = means.spec?.timeout ?? SLIProviderSpec.standardTimeout
        @Sendable func one(_ indicator: String) async throws -> SLIValue {
            let remaining = means.deadline.remaining
            guard remaining > .zero else {
                return SLIValue(
                    metric: indicator, value: 0, success: false, message: "not asked: the time for all queries was over"
                )
            }
            return try await body(indicator, min(limit, remaining))
        }
        let indicators = request.indicators
        return try await withThrowingTaskGroup(of: (Int, SLIValue).self) { group in
            var values = [SLIValue?](repeating: nil, count: indicators.count)
            for index in indicators.indices {
                if index >= Self.concurrencyMax, let (done, value) = try await group.next() { values[done] = value }
                group.addTask { (index, try await one(indicators[index])) }
            }
            for try await (done, value) in group { values[done] = value }
            return values.compactMap(\.self)
        }
    }

    /// Queries under way for one request.
    private static var concurrencyMax: Int { 8 }
}
