package import CloudEvents

/// What an SLI provider measured for one indicator.
package struct SLIValue: Sendable, Hashable {
    package let metric: String
    package let value: Double
    /// False when the provider could not measure it; the message says why.
    package let success: Bool
    package let message: String
    /// Not Keptn's: numbers that the value was made from, where the provider has them and was asked for them.
    package let samples: [Double]

    /// So many samples are kept of a value: more hardly sharpen a comparison and fill the events.
    package static let samplesMax = 500

    /// Of more samples than are kept, some are taken at even distances.
    package init(
        metric: String, value: Double, success: Bool = true, message: String = "", samples: [Double] = []
    ) {
        self.metric = metric
        self.value = value
        self.success = success
        self.message = message
        self.samples =
            samples.count <= Self.samplesMax
            ? samples : (0..<Self.samplesMax).map { samples[$0 * samples.count / Self.samplesMax] }
    }

    var withoutSamples: SLIValue {
        samples.isEmpty ? self : SLIValue(metric: metric, value: value, success: success, message: message)
    }

    /// As an element of `get-sli.indicatorValues`.
    package var json: JSON {
        .object([
            (key: "metric", value: .string(metric)), (key: "value", value: .number(value)),
            (key: "success", value: .bool(success)), (key: "message", value: message.isEmpty ? nil : .string(message)),
            (key: "samples", value: samplesJSON),
        ])
    }

    /// Nil without any.
    package var samplesJSON: JSON? { samples.isEmpty ? nil : .array(samples.map { .number($0) }) }

    /// Reads the `get-sli.indicatorValues` of a get-sli.finished event's data. As in Go, what is missing or null has
    /// its type's empty value (so without `success` a value does not count); a wrong type is an error.
    package static func values(ofGetSLIFinished data: JSON) throws(EvaluationError) -> [SLIValue] {
        let list = data["get-sli", "indicatorValues"] ?? .null
        guard list.kind == .array || list.isNull else {
            throw EvaluationError("Could not parse event payload: get-sli.indicatorValues is no array but \(list.kind)")
        }
        var values: [SLIValue] = []
        for (index, element) in list.elements.enumerated() where !element.isNull {
            do throws(EvaluationError) {
                values.append(try SLIValue(element))
            } catch {
                throw EvaluationError("Could not parse event payload: get-sli.indicatorValues[\(index)]\(error)")
            }
        }
        return values
    }

    fileprivate init(_ json: JSON) throws(EvaluationError) {
        guard json.kind == .object else { throw EvaluationError(" is no object but \(json.kind)") }
        func member<Value>(
            _ key: String, _ kind: JSON.Kind, _ read: (JSON) -> Value?, or empty: Value
        ) throws(EvaluationError) -> Value {
            guard let found = json[key], !found.isNull else { return empty }
            guard let value = read(found) else { throw EvaluationError(".\(key) is no \(kind) but \(found)") }
            return value
        }
        let samples = (json["samples"]?.elements ?? []).compactMap(\.doubleValue).filter(\.isFinite)
        self.init(
            metric: try member("metric", .string, \.stringValue, or: ""),
            value: try member("value", .number, \.doubleValue, or: 0),
            success: try member("success", .boolean, \.boolValue, or: false),
            message: try member("message", .string, \.stringValue, or: ""), samples: samples)
    }
}

/// An earlier evaluation of the same service in the same stage, as far as comparisons need it.
package struct PreviousEvaluation: Sendable, Hashable {
    /// The id of its evaluation.finished event.
    package let eventID: String
    package let values: [SLIValue]

    package init(eventID: String, values: [SLIValue]) {
        self.eventID = eventID
        self.values = values
    }

    /// Reads the data of an evaluation.finished event. Nil when the indicators in it are malformed: Keptn skips such an
    /// event. One without indicators is fine, and counts as compared.
    package init?(eventID: String, data: JSON) {
        let results = data["evaluation", "indicatorResults"] ?? .null
        guard results.kind == .array || results.isNull else { return nil }
        var values: [SLIValue] = []
        for result in results.elements {
            guard let value = result["value"], !value.isNull else { continue }
            guard let read = try? SLIValue(value) else { return nil }
            values.append(read)
        }
        self.init(eventID: eventID, values: values)
    }
}
