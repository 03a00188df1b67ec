extension EventQuery {
    /// The query that the filter of `GET /event/type/…` asks: `data.project:P AND data.stage:S AND
    /// data.result:pass,warning` (K §2.5). Throws `KeptnError.invalidInput` for another text, and for one without
    /// project and context.
    package init(filter text: String) throws(KeptnError) {
        self.init()
        for pair in text.split(separator: " AND ", omittingEmptySubsequences: true) {
            let parts = pair.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else {
                throw KeptnError(.invalidInput, "filter '\(pair)': NAME:VALUE is needed, several joined by ' AND '")
            }
            let value = String(parts[1])
            switch parts[0] {
            case "data.project": project = value
            case "data.stage": stage = value
            case "data.service": service = value
            case "data.result": results = value.split(separator: ",").map(String.init)
            case "shkeptncontext": context = value
            case "source": source = value
            case "id": id = value
            case "triggeredid": triggeredID = value
            default:
                throw KeptnError(
                    .invalidInput,
                    "filter '\(parts[0])' is unknown; known are data.project, data.stage, data.service, data.result, "
                        + "shkeptncontext, triggeredid, source and id")
            }
        }
        guard project != nil || context != nil else {
            throw KeptnError(.invalidInput, "the filter needs data.project or shkeptncontext")
        }
    }
}
