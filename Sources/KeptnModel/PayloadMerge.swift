public import CloudEvents

extension JSON {
    /// Keptn's deep merge of event payloads: objects merge member by member, arrays become the newer entries followed
    /// by the older ones, everything else and every mismatch of kinds takes the newer value; null keeps the other.
    /// (shipyard-controller 1.4.5: what a finished task adds to the next task's `data`.)
    public func merging(_ newer: JSON) -> JSON {
        if newer.isNull { return self }
        if isNull { return newer }
        switch (kind, newer.kind) {
        case (.object, .object):
            var result = members.map { (key: $0.key, value: Optional($0.value)) }
            var places: [String: Int] = [:]
            for (index, member) in result.enumerated() { places[member.key] = index }
            for (key, value) in newer.members {
                if let index = places[key], let old = result[index].value {
                    result[index].value = old.merging(value)
                } else {
                    places[key] = result.count
                    result.append((key, value))
                }
            }
            return .object(result)
        case (.array, .array):
            return .array(newer.elements + elements)
        default:
            return newer
        }
    }
}
