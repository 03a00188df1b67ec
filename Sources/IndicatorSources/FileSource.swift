package import Core
package import KeptnModel
package import Ports

/// Reads measurements that a CI job has stored beside the service's other files.
package struct FileSource: IndicatorSource {
    package let kind = SLIProviderSpec.Kind.file

    package init() {}

    /// Where measurements are without a `provider.yaml`.
    private static let standardFiles = ["file/measurements.csv", "file/measurements.json"]

    package func measure(_ request: IndicatorRequest, _ means: IndicatorMeans) async throws -> [SLIValue] {
        let paths = means.spec?.url.map { [$0] } ?? Self.standardFiles
        for path in paths {
            guard let bytes = try await means.file(path) else { continue }
            let isJSON = path.lowercased().hasSuffix(".json")
            do throws(EvaluationError) {
                let file = try MeasurementFile(
                    bytes, format: isJSON ? .json : .csv, from: request.start, to: request.end)
                return request.indicators.map { indicator in
                    let query = means.queries.indicators[indicator].flatMap { $0.isEmpty ? nil : request.filled($0) }
                    return file.value(
                        indicator, query ?? indicator, wantsSamples: request.sampled.contains(indicator))
                }
            } catch {
                throw IndicatorError("\(path): \(error)")
            }
        }
        throw IndicatorError("there is no file \(paths.joined(separator: " and no ")) with measurements")
    }
}
