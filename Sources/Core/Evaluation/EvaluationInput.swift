package import CloudEvents

/// What an SLI provider measured for one indicator.
package struct SLIValue: Sendable, Hashable {
    package let metric: String
    package let value: Double
    /// False when the provider could not measure it; the message says why.
    package let success: Bool
    package let message: String

    package init(metric: String, value: Double, success: Bool = true, message: String = "") {
        self.metric = metric
        self.value = value
        self.success = success
        self.message = message
    }

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
        metric = try member("metric", .string, \.stringValue, or: "")
        value = try member("value", .number, \.doubleValue, or: 0)
        success = try member("success", .boolean, \.boolValue, or: false)
        message = try member("message", .string, \.stringValue, or: "")
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
